using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>
/// Holds what waits for each device to <see cref="Budgets.ToDevice"/>, without asking storage at each message: once this silo has added a quarter of the budget,
/// the oldest messages beyond three quarters go.
/// </summary>
public sealed class InboxTrimmer(IStorage storage, MatrixSettings settings)
{
    private const int MostDevices = 20_000;

    private readonly Lock _gate = new();
    private readonly Budget _budget = settings.BudgetOf(Budgets.ToDevice);
    private readonly LruCache<(string User, string Device), long> _added = new(MostDevices, static _ => 1);

    /// <summary>To be told of what was committed.</summary>
    public async ValueTask AddedAsync(IEnumerable<ToDeviceRow> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        foreach (var device in messages.GroupBy(static message => (message.UserId, message.DeviceId)))
        {
            if (IsFull(device.Key, device.Sum(static message => (long)message.Json.Length)))
                await storage.ToDevice.TrimAsync(device.Key.UserId, device.Key.DeviceId, _budget.MaxBytes / 4 * 3);
        }
    }

    private bool IsFull((string User, string Device) device, long bytes)
    {
        lock (_gate)
        {
            var added = (_added.TryGet(device, out var before) ? before : 0) + bytes;
            var isFull = added >= _budget.MaxBytes / 4;
            _added.Set(device, isFull ? 0 : added);
            return isFull;
        }
    }
}
