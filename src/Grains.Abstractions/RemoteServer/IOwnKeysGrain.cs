using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>
/// What is signed or published with this server's own keys, for gateways, which have none. Key: <see cref="Key"/>.
/// </summary>
[Alias("IOwnKeysGrain"), GrainInterfaceType("IOwnKeysGrain")]
public interface IOwnKeysGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Key = "server";

    /// <summary>The server's keys, signed by them (S-S API, Publishing Keys).</summary>
    [Alias("Publish")]
    Task<ReadOnlyMemory<byte>> Publish();

    /// <summary>
    /// The answer of a notary (S-S API, Querying Keys Through Another Server): what the servers published of their keys, signed by this one too. Servers that
    /// cannot be reached are left out.
    /// </summary>
    [Alias("Vouch")]
    Task<ReadOnlyMemory<byte>> Vouch(ImmutableArray<KeysWanted> wanted);

    /// <summary>The unpadded Base64 key of this server as a policy server; null if it is none.</summary>
    [Alias("PolicyKey")]
    Task<string?> PolicyKey();
}

/// <summary>Keys that a notary is asked for.</summary>
/// <param name="Server">The name of their server.</param>
/// <param name="KeyId">Null: all keys.</param>
/// <param name="ValidUntil">Until when they should be valid, milliseconds since the epoch.</param>
[GenerateSerializer, Immutable, Alias("KeysWanted")]
public sealed record KeysWanted([property: Id(0)] string Server, [property: Id(1)] string? KeyId, [property: Id(2)] long ValidUntil);
