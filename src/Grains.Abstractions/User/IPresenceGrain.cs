using Orleans.Concurrency;

namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>A local user's presence; key: user id.</summary>
public interface IPresenceGrain : IGrainWithStringKey
{
    /// <summary>
    /// Sets the presence (online, unavailable or offline; else M_INVALID_PARAM). With <paramref name="replaceStatus"/> the status message becomes
    /// <paramref name="statusMessage"/>, else it stays.
    /// </summary>
    Task<Outcome<Nothing>> Set(string presence, string? statusMessage, bool replaceStatus);

    /// <summary>The presence as a finished response body, if <paramref name="viewer"/> shares a room with the user; M_FORBIDDEN otherwise.</summary>
    [AlwaysInterleave]
    Task<Outcome<ReadOnlyMemory<byte>>> Get(string viewer);
}
