using Orleans.Runtime;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>
/// Syncing marks a user as online (C-S API, <c>set_presence</c>), and ceasing to sync as offline. Only the changes are written, not each sync.
/// </summary>
internal sealed class SyncPresence(IGrainBase grain, IPresenceGrain presence, TimeProvider time)
{
    private const string Online = "online";
    private const string Offline = "offline";

    /// <summary>Who has not synced for this long is offline.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private string _set = Offline;
    private int _running;
    private DateTimeOffset _lastEnd;
    private IGrainTimer? _timer;

    /// <summary>A sync begins; <paramref name="wanted"/> null is online, and offline leaves the presence alone.</summary>
    public async ValueTask BeginAsync(string? wanted)
    {
        _running++;
        wanted ??= Online;
        if (wanted == Offline || wanted == _set)
            return;
        _set = wanted;
        await presence.Set(wanted, null, replaceStatus: false);
        _timer ??= grain.RegisterGrainTimer(CheckAsync, new GrainTimerCreationOptions(s_patience, s_patience) { Interleave = true });
    }

    /// <summary>A sync ended.</summary>
    public void End()
    {
        _running--;
        _lastEnd = time.GetUtcNow();
    }

    private async Task CheckAsync()
    {
        if (_running > 0 || time.GetUtcNow() - _lastEnd < s_patience)
            return;
        _timer?.Dispose();
        _timer = null;
        _set = Offline;
        await presence.Set(Offline, null, replaceStatus: false);
    }
}
