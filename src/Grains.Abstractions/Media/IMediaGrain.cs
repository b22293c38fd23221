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
    /// The media: M_NOT_FOUND, or M_NOT_YET_UPLOADED (504) if its id was created but no bytes came within the time.
    /// </summary>
    /// <param name="waitMs">How long to wait for the upload, in milliseconds, at most 20,000.</param>
    /// <param name="allowRemote">May be fetched from another server.</param>
    /// <param name="hasToken">
    /// Asked for with an access token, or by another server. Without, nothing is fetched, and what came after <see cref="MediaSettings.FrozenAt"/> is not found.
    /// </param>
    [AlwaysInterleave]
    [Alias("Get")]
    Task<Outcome<MediaInfo>> Get(long waitMs, bool allowRemote, bool hasToken);

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
