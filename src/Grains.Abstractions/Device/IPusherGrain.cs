using System.Collections.Immutable;
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

    /// <summary>The devices are gone: their pushers go too. Safe to repeat.</summary>
    [Alias("ForgetDevices")]
    Task ForgetDevices(ImmutableArray<string> deviceIds);

    /// <summary>The user is erased: all pushers go.</summary>
    [Alias("Erase")]
    Task Erase();
}
