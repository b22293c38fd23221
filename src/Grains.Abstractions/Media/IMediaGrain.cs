using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Media;

/// <summary>One piece of media: what is known of it; the bytes are with <see cref="IMediaContent"/>. Key: <see cref="KeyOf"/>.</summary>
[Alias("IMediaGrain"), GrainInterfaceType("IMediaGrain")]
public interface IMediaGrain : IGrainWithStringKey
{
    /// <summary>The key of a media id of a server.</summary>
    static string KeyOf(string serverName, string mediaId) => $"{serverName}/{mediaId}";

    /// <summary>
    /// The media when they are whole: M_NOT_FOUND, M_TOO_LARGE (502) from another server, or M_NOT_YET_UPLOADED (504) if not all is there within the
    /// time.
    /// </summary>
    /// <param name="waitMs">How long to wait for the upload or the other server, in milliseconds, at most 20,000.</param>
    /// <param name="allowRemote">May be fetched from another server.</param>
    /// <param name="hasToken">
    /// Asked for with an access token, or by another server. Without, nothing is fetched, and what came after <see cref="MediaSettings.FrozenAt"/> is not found.
    /// </param>
    [AlwaysInterleave]
    [Alias("Get")]
    Task<Outcome<MediaInfo>> Get(long waitMs, bool allowRemote, bool hasToken);

    /// <summary>The media as soon as their first bytes are there; errors and parameters of <see cref="Get"/>.</summary>
    [AlwaysInterleave]
    [Alias("Open")]
    Task<Outcome<OpenedMedia>> Open(long waitMs, bool allowRemote, bool hasToken);

    /// <summary>
    /// What has come of media that are on their way, waiting for it if there is nothing yet. An error if they will not come whole, or if nobody knows
    /// that fetch any more: whoever was sent a part of them cannot be sent the rest.
    /// </summary>
    /// <param name="fetch"><see cref="OpenedMedia.Fetch"/>.</param>
    /// <param name="position">How many bytes the caller has.</param>
    [AlwaysInterleave, ResponseTimeout("00:01:00")]
    [Alias("Read")]
    Task<Outcome<FetchedPart>> Read(string fetch, long position);

    /// <summary>Creates the id for a later upload; answers when it expires, in milliseconds since the epoch.</summary>
    [Alias("Reserve")]
    Task<Outcome<long>> Reserve(string uploader);

    /// <summary>Whether the user may upload to the reserved id now: M_NOT_FOUND, M_FORBIDDEN, M_CANNOT_OVERWRITE_MEDIA.</summary>
    [Alias("CheckUpload")]
    Task<Outcome<Nothing>> CheckUpload(string uploader);

    /// <summary>The bytes are stored: makes the media available. The errors of <see cref="CheckUpload"/> if <paramref name="reserved"/>.</summary>
    [Alias("Complete")]
    Task<Outcome<Nothing>> Complete(string uploader, MediaInfo info, bool reserved);
}
