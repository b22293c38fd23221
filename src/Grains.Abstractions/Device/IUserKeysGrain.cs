using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>
/// A local user's end-to-end encryption keys; key: user id. Bodies are the request bodies of the CS API's endpoints (UTF-8 JSON), answers are the finished
/// response bodies.
/// </summary>
[Alias("IUserKeysGrain"), GrainInterfaceType("IUserKeysGrain")]
public interface IUserKeysGrain : IGrainWithStringKey
{
    /// <summary>keys/upload: identity, one-time and fallback keys of one of the user's devices.</summary>
    [Alias("Upload")]
    Task<Outcome<ReadOnlyMemory<byte>>> Upload(string deviceId, ReadOnlyMemory<byte> body);

    /// <summary>keys/query, asked by this user: keys of local and remote users as far as this user may see them.</summary>
    [AlwaysInterleave]
    [Alias("Query")]
    Task<Outcome<ReadOnlyMemory<byte>>> Query(ReadOnlyMemory<byte> body);

    /// <summary>keys/claim, asked by this user: one-time keys of local and remote users' devices.</summary>
    [AlwaysInterleave]
    [Alias("Claim")]
    Task<Outcome<ReadOnlyMemory<byte>>> Claim(ReadOnlyMemory<byte> body);

    /// <summary>Hands out a one-time or fallback key of one of this user's own devices; null if it has none of that algorithm.</summary>
    [Alias("ClaimOwn")]
    Task<ClaimedKey?> ClaimOwn(string deviceId, string algorithm);

    /// <summary>This user's public keys as another user, or another server (null), may see them.</summary>
    [AlwaysInterleave]
    [Alias("Published")]
    Task<PublishedKeys> Published(string? viewer);

    /// <summary>keys/device_signing/upload. <paramref name="authenticated"/>: user-interactive authentication has been passed for this request.</summary>
    [Alias("UploadCrossSigningKeys")]
    Task<Outcome<CrossSigningUpload>> UploadCrossSigningKeys(ReadOnlyMemory<byte> body, bool authenticated);

    /// <summary>keys/signatures/upload.</summary>
    [Alias("UploadSignatures")]
    Task<Outcome<ReadOnlyMemory<byte>>> UploadSignatures(ReadOnlyMemory<byte> body);

    /// <summary>keys/changes: whose devices changed, or came into or went out of view, after a position of the stream. There is no upper bound: of a user only
    /// the last change is remembered, and one after the range may hide one within it.</summary>
    [AlwaysInterleave]
    [Alias("Changes")]
    Task<Outcome<ReadOnlyMemory<byte>>> Changes(long after);

    /// <summary>The devices are gone: their keys go too, and it is told. Safe to repeat.</summary>
    [Alias("ForgetDevices")]
    Task ForgetDevices(ImmutableArray<string> deviceIds);
}
