using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>A user's public keys with the signatures that the viewer may see; JSON objects.</summary>
/// <param name="Devices">Identity keys by device.</param>
/// <param name="UserSigning">Only for the user itself.</param>
/// <param name="StreamId">The <c>stream_id</c> of the newest m.device_list_update that is in it; 0 if there was none.</param>
[GenerateSerializer, Immutable, Alias("PublishedKeys")]
public sealed record PublishedKeys(
    [property: Id(0)] ImmutableArray<PublishedDeviceKeys> Devices, [property: Id(1)] ReadOnlyMemory<byte>? Master,
    [property: Id(2)] ReadOnlyMemory<byte>? SelfSigning,
    [property: Id(3)] ReadOnlyMemory<byte>? UserSigning, [property: Id(4)] long StreamId = 0);

/// <summary>Identity keys of a device.</summary>
/// <param name="DisplayName">The device's name, if it has one.</param>
[GenerateSerializer, Immutable, Alias("PublishedDeviceKeys")]
public sealed record PublishedDeviceKeys([property: Id(0)] string DeviceId, [property: Id(1)] ReadOnlyMemory<byte> Json, [property: Id(2)] string? DisplayName);
