using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>A user's pushers; key: user id.</summary>
[Alias("IPusherGrain"), GrainInterfaceType("IPusherGrain")]
public interface IPusherGrain : IGrainWithStringKey
{
    /// <summary>The pushers, as a finished response body.</summary>
    [Alias("List")]
    Task<ReadOnlyMemory<byte>> List();

    /// <summary>Adds, replaces or (kind null) deletes a pusher. <paramref name="body"/> is the request body of <c>POST pushers/set</c>.</summary>
    [Alias("Set")]
    Task<Outcome<Nothing>> Set(string deviceId, ReadOnlyMemory<byte> body);

    /// <summary>There may be something to tell the gateways. Safe to repeat.</summary>
    [Alias("Wake"), OneWay, AlwaysInterleave]
    Task Wake();

    /// <summary>Somebody else's pusher took the place of one of the user's: what is stored holds.</summary>
    [Alias("Reload"), OneWay]
    Task Reload();

    /// <summary>The user has read something, and the badge is another: the gateways are told, once.</summary>
    /// <param name="unread">The new badge.</param>
    [Alias("ShowBadge"), OneWay, AlwaysInterleave]
    Task ShowBadge(int unread);

    /// <summary>The devices are gone: their pushers go too. Safe to repeat.</summary>
    [Alias("ForgetDevices")]
    Task ForgetDevices(ImmutableArray<string> deviceIds);

    /// <summary>The user is erased: all pushers go.</summary>
    [Alias("Erase")]
    Task Erase();
}
