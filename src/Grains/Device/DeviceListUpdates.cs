using System.Text;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// Announces changes of a local user's devices and keys: to this server's users by the stream, to other servers that share a room by their queues, in the same
/// unit (S-S API, Device Management). What is queued only names the device: the EDU is made when it is sent (ADR 0030).
/// </summary>
internal static class DeviceListUpdates
{
    /// <summary>A device is new, gone or renamed, or has new keys or signatures.</summary>
    public static void AddDevice(IStorage storage, WriteUnit unit, string userId, string deviceId) =>
        Add(storage, unit, userId, new OutboxItem(OutboxKind.Device, userId, Body: Encoding.UTF8.GetBytes(deviceId)));

    /// <summary>The master or self-signing key is new or has new signatures.</summary>
    public static void AddCrossSigning(IStorage storage, WriteUnit unit, string userId) =>
        Add(storage, unit, userId, new OutboxItem(OutboxKind.CrossSigning, userId));

    private static void Add(IStorage storage, WriteUnit unit, string userId, OutboxItem item)
    {
        var slot = unit.NextPosition(ChangeKind.DeviceList, userId);
        storage.Keys.AddDeviceListChange(unit, userId, slot, onlyFor: null);
        storage.Outbox.EnqueueForNeighbours(unit, userId, item, slot);
    }
}
