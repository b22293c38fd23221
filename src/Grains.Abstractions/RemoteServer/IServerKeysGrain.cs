namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>A remote server's signing keys. Key: the server name. One request to the server serves all who ask.</summary>
[Alias("IServerKeysGrain"), GrainInterfaceType("IServerKeysGrain")]
public interface IServerKeysGrain : IGrainWithStringKey
{
    /// <summary>The server's key of that id, or null if it cannot be had.</summary>
    /// <param name="neededAt">Milliseconds since the epoch: a known key that is not valid then is asked for again.</param>
    [Alias("Find")]
    Task<PublishedKey?> Find(string keyId, long neededAt);

    /// <summary>
    /// The keys as the server published them, signed by it, for a notary's answer: the newest list that has the key, also if it is not valid that long; without
    /// one the newest of all. Empty if none can be had.
    /// </summary>
    /// <param name="keyId">The key asked for; null: all.</param>
    /// <param name="validUntil">Milliseconds since the epoch: keys that are not valid until then are asked for again.</param>
    [Alias("Published")]
    Task<ReadOnlyMemory<byte>> Published(string? keyId, long validUntil);
}

/// <summary>A key of a remote server.</summary>
/// <param name="ValidUntil">Milliseconds since the epoch; for an old key: when it expired.</param>
[GenerateSerializer, Immutable, Alias("PublishedKey")]
public sealed record PublishedKey(
    [property: Id(0)] string KeyId, [property: Id(1)] ReadOnlyMemory<byte> PublicKey, [property: Id(2)] long ValidUntil, [property: Id(3)] bool IsOld);
