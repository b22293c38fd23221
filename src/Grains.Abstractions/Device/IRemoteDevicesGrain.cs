using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>
/// The devices of a remote user who shares a room with local ones, as the user's server tells of them; key: user id (S-S API, Device Management).
/// </summary>
[Alias("IRemoteDevicesGrain"), GrainInterfaceType("IRemoteDevicesGrain")]
public interface IRemoteDevicesGrain : IGrainWithStringKey
{
    /// <summary>Takes the content of an m.device_list_update of the user's server.</summary>
    [Alias("Update")]
    Task Update(ReadOnlyMemory<byte> content);

    /// <summary>Takes the content of an m.signing_key_update of the user's server.</summary>
    [Alias("UpdateCrossSigning")]
    Task UpdateCrossSigning(ReadOnlyMemory<byte> content);

    /// <summary>
    /// Makes what storage has of the user's devices and keys as new as the user's server; an error if they cannot be had. Status 404 for a user whose list is
    /// not kept.
    /// </summary>
    [AlwaysInterleave]
    [Alias("Refresh")]
    Task<Outcome<Nothing>> Refresh();

    /// <summary>As <see cref="Refresh"/>, if it is time to try again, for nobody who waits.</summary>
    [OneWay]
    [Alias("Retry")]
    Task Retry();
}
