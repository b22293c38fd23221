using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>A user's presence, of this server or of another; key: user id.</summary>
[Alias("IPresenceGrain"), GrainInterfaceType("IPresenceGrain")]
public interface IPresenceGrain : IGrainWithStringKey
{
    /// <summary>
    /// A device sets its presence (online, unavailable or offline; else M_INVALID_PARAM) and the user's status message; null takes that away.
    /// </summary>
    [Alias("Set")]
    Task<Outcome<Nothing>> Set(string deviceId, string presence, string? statusMessage);

    /// <summary>These devices of the user sync and no others; said at each change and at least every 30 seconds while there are any.</summary>
    [Alias("Syncing")]
    Task Syncing(ImmutableArray<SyncingDevice> devices);

    /// <summary>The user did something on a device.</summary>
    [OneWay]
    [Alias("Active")]
    Task Active(string deviceId);

    /// <summary>Looks whether what is shown still is so.</summary>
    [OneWay]
    [Alias("Check")]
    Task Check();

    /// <summary>The user's server says what its presence is (S-S API, m.presence).</summary>
    [Alias("Receive")]
    Task Receive(ReceivedPresence received);

    /// <summary>The presence as a finished response body, if <paramref name="viewer"/> shares a room with the user; M_FORBIDDEN otherwise.</summary>
    [AlwaysInterleave]
    [Alias("Get")]
    Task<Outcome<ReadOnlyMemory<byte>>> Get(string viewer);
}

/// <summary>A device that syncs.</summary>
/// <param name="Presence">What its syncs ask the user's presence to be: online or unavailable.</param>
[GenerateSerializer, Immutable, Alias("SyncingDevice")]
public sealed record SyncingDevice([property: Id(0)] string DeviceId, [property: Id(1)] string Presence);

/// <summary>Presence as another server says it, checked.</summary>
/// <param name="LastActiveAt">Milliseconds since the epoch.</param>
[GenerateSerializer, Immutable, Alias("ReceivedPresence")]
public sealed record ReceivedPresence(
    [property: Id(0)] string Presence, [property: Id(1)] string? StatusMessage, [property: Id(2)] long LastActiveAt, [property: Id(3)] bool CurrentlyActive);
