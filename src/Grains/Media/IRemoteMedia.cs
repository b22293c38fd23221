using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>Gets media from other servers.</summary>
public interface IRemoteMedia
{
    /// <summary>
    /// Downloads the media and stores its bytes: M_NOT_FOUND if the server does not have it, does not answer or breaks off, M_TOO_LARGE (502) if it says
    /// that it is too large.
    /// </summary>
    /// <param name="fetch">Is told what has come. Its end is the caller's.</param>
    /// <param name="stop">Ends the download, which then stores nothing.</param>
    Task<Outcome<MediaRow>> FetchAsync(string serverName, string mediaId, MediaFetch fetch, CancellationToken stop);
}
