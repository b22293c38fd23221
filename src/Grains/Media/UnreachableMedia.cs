using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Media;

/// <summary>For a server without federation.</summary>
internal sealed class UnreachableMedia : IRemoteMedia
{
    public Task<MediaRow?> FetchAsync(string serverName, string mediaId) => Task.FromResult<MediaRow?>(null);
}
