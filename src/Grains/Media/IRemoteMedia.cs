using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>Gets media from other servers.</summary>
public interface IRemoteMedia
{
    /// <summary>Downloads the media and stores its bytes; null if the server does not have it or does not answer.</summary>
    Task<MediaRow?> FetchAsync(string serverName, string mediaId);
}
