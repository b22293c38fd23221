using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>What is known of a user's devices, so that a sync need not read it again. Forgotten at any time.</summary>
public sealed class DeviceMemory(UserServices services, ChangeWatcher watcher)
{
    private const int MaxDevices = 100;
    private readonly Dictionary<string, (KeyCounts Counts, long ReadAt)> _keyCounts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _withoutMessages = new(StringComparer.Ordinal);

    /// <summary>The device's key counts.</summary>
    public async ValueTask<KeyCounts> KeyCountsAsync(string deviceId, CancellationToken cancellationToken)
    {
        if (_keyCounts.TryGetValue(deviceId, out var known) && known.ReadAt >= watcher.LastOwn(ChangeKind.KeyCounts))
            return known.Counts;
        var position = services.Hub.Position;
        var counts = await services.Storage.Keys.CountsAsync(watcher.UserId, deviceId, cancellationToken);
        if (_keyCounts.Count >= MaxDevices)
            _keyCounts.Clear();
        _keyCounts[deviceId] = (counts, position);
        return counts;
    }

    /// <summary>The device was sent to-device messages, which it will acknowledge.</summary>
    public void HasMessages(string deviceId) => _withoutMessages.Remove(deviceId);

    /// <summary>The device presents a token: it has the messages up to there.</summary>
    public async ValueTask AcknowledgeAsync(string deviceId, long upTo)
    {
        if (upTo == 0 || deviceId.Length == 0 || _withoutMessages.Contains(deviceId))
            return;
        var store = services.Storage.ToDevice;
        if ((await store.WaitingAsync(watcher.UserId, deviceId, 0, upTo, 1)).Count > 0)
        {
            var unit = new WriteUnit();
            store.DeleteUpTo(unit, watcher.UserId, deviceId, upTo);
            await services.Storage.CommitAsync(unit);
        }

        if (_withoutMessages.Count >= MaxDevices)
            _withoutMessages.Clear();
        _withoutMessages.Add(deviceId);
    }
}
