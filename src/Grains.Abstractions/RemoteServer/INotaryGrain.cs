namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>
/// A server that is trusted to tell other servers' keys (S-S API, Querying Keys Through Another Server). Key: its name. Questions that meet go out as one
/// request.
/// </summary>
[Alias("INotaryGrain"), GrainInterfaceType("INotaryGrain")]
public interface INotaryGrain : IGrainWithStringKey
{
    /// <summary>The keys of a server as it published them, signed by it and by the notary; empty if they cannot be had.</summary>
    /// <param name="keyId">The key that is wanted; null: any.</param>
    /// <param name="validUntil">Milliseconds since the epoch until which they should be valid.</param>
    [Alias("Query")]
    Task<ReadOnlyMemory<byte>> Query(string server, string? keyId, long validUntil);
}
