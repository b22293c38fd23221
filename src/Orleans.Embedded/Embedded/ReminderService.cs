using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Timers;

namespace Orleans.Embedded;

/// <summary>
/// Ticks the stored reminders whose grain's hash selects this silo. They are read at the start, when silos come or go, and
/// now and then; one timer is set to the one due next.
/// </summary>
internal sealed class ReminderService(Silo silo, IServiceProvider services, IOptions<ReminderOptions> options)
    : IReminderRegistry, ILifecycleParticipant<ISiloLifecycle>
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string GrainId, string Name), Armed> _armed = [];
    private readonly PriorityQueue<Armed, DateTimeOffset> _due = new();
    private IReminderStorage? _storage;
    private ITimer? _timer;
    private ITimer? _refresh;
    private bool _stopped;

    private IReminderStorage Storage => _storage ??= services.GetService<IReminderStorage>()
        ?? throw new OrleansConfigurationException($"Reminders need an {nameof(IReminderStorage)}.");

    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ReminderService), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    public async Task<IGrainReminder> RegisterOrUpdateReminder(GrainId callingGrainId, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentException.ThrowIfNullOrEmpty(reminderName);
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        if (period < options.Value.MinimumReminderPeriod)
            throw new ArgumentException($"A reminder's period is at least {options.Value.MinimumReminderPeriod}, not {period}.", nameof(period));
        var reminder = new StoredReminder(callingGrainId.ToString(), reminderName, silo.TimeProvider.GetUtcNow() + dueTime, period, "");
        reminder = reminder with { ETag = await Storage.UpsertAsync(reminder, default).ConfigureAwait(true) };
        OwnerOf(reminder.GrainId)?.Arm(reminder);
        return new Handle(reminder);
    }

    public async Task UnregisterReminder(GrainId callingGrainId, IGrainReminder reminder)
    {
        if (reminder is not Handle handle || handle.Reminder.GrainId != callingGrainId.ToString())
            throw new ArgumentException("It is not a reminder of this grain.", nameof(reminder));
        var (grainId, name, _, _, eTag) = handle.Reminder;
        if (!await Storage.RemoveAsync(grainId, name, eTag, default).ConfigureAwait(true))
            throw new ReminderException($"Reminder {name} of {grainId} was changed or removed by another.");
        OwnerOf(grainId)?.Disarm(grainId, name);
    }

    public async Task<IGrainReminder?> GetReminder(GrainId callingGrainId, string reminderName) =>
        (await GetReminders(callingGrainId).ConfigureAwait(true)).Find(reminder => reminder.ReminderName == reminderName);

    public async Task<List<IGrainReminder>> GetReminders(GrainId callingGrainId) =>
        [.. (await Storage.ReadAsync(callingGrainId.ToString(), default).ConfigureAwait(true)).Select(stored => new Handle(stored))];

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (services.GetService<IReminderStorage>() is null)
            return;
        silo.Cluster.Changed += Refresh;
        using (ExecutionContext.SuppressFlow())
        {
            var period = options.Value.RefreshReminderListPeriod;
            _timer = silo.TimeProvider.CreateTimer(static service => ((ReminderService)service!).TickDue(), this,
                Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _refresh = silo.TimeProvider.CreateTimer(static service => ((ReminderService)service!).Refresh(), this, period, period);
        }
        await ReadAsync(cancellationToken);
    }

    private Task StopAsync(CancellationToken cancellationToken)
    {
        silo.Cluster.Changed -= Refresh;
        lock (_lock)
        {
            _stopped = true;
            _timer?.Dispose();
            _refresh?.Dispose();
        }
        return Task.CompletedTask;
    }

    private ReminderService? OwnerOf(string grainId) =>
        silo.Cluster.OwnerOf(grainId.GetHashCode(StringComparison.Ordinal))?.Services.GetService<ReminderService>();

    private void Refresh() => _ = ReadAsync(default);

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            Dictionary<(string, string), Armed> before;
            lock (_lock)
                before = new(_armed);
            var stored = await Storage.ReadAllAsync(cancellationToken).ConfigureAwait(false);
            var mine = stored.Where(reminder => OwnerOf(reminder.GrainId) == this).ToDictionary(r => (r.GrainId, r.Name));
            lock (_lock)
            {
                // What was registered or forgotten meanwhile is newer than what was read.
                foreach (var key in before.Keys.Where(key => !mine.ContainsKey(key) && IsUnchanged(key)))
                    _armed.Remove(key);
                foreach (var (key, reminder) in mine)
                {
                    if (IsUnchanged(key))
                        Arm(reminder);
                }
            }

            bool IsUnchanged((string, string) key) => before.GetValueOrDefault(key) == _armed.GetValueOrDefault(key);
        }
        catch (Exception exception)
        {
            Log.RemindersUnreadable(silo.Logger, exception);
        }
    }

    private void Arm(StoredReminder reminder)
    {
        lock (_lock)
        {
            if (_stopped || _timer is null
                || (_armed.TryGetValue((reminder.GrainId, reminder.Name), out var known) && known.Reminder.ETag == reminder.ETag))
                return;
            var armed = new Armed(reminder);
            _armed[(reminder.GrainId, reminder.Name)] = armed;
            Enqueue(armed);
        }
    }

    private void Disarm(string grainId, string name)
    {
        lock (_lock)
            _armed.Remove((grainId, name));
    }

    // Under the lock.
    private void Enqueue(Armed armed)
    {
        var (_, _, start, period, _) = armed.Reminder;
        var now = silo.TimeProvider.GetUtcNow();
        var next = now <= start ? start : start + (period * Math.Ceiling((now - start) / period));
        armed.Due = next <= armed.Due ? armed.Due + period : next;
        _due.Enqueue(armed, armed.Due);
        SetTimer();
    }

    private void SetTimer()
    {
        if (!_stopped && _due.TryPeek(out _, out var next))
        {
            var wait = next - silo.TimeProvider.GetUtcNow();
            // Longer waits than this are not for a timer; it is set again when it fires early.
            var longest = TimeSpan.FromDays(1);
            _timer!.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait > longest ? longest : wait, Timeout.InfiniteTimeSpan);
        }
    }

    private void TickDue()
    {
        lock (_lock)
        {
            while (_due.TryPeek(out var armed, out var due) && due <= silo.TimeProvider.GetUtcNow())
            {
                _due.Dequeue();
                if (IsCurrent(armed))
                    _ = TickAsync(armed);
            }
            SetTimer();
        }
    }

    private bool IsCurrent(Armed armed) =>
        _armed.TryGetValue((armed.Reminder.GrainId, armed.Reminder.Name), out var current) && current == armed;

    private async Task TickAsync(Armed armed)
    {
        var (grainId, name, start, period, _) = armed.Reminder;
        try
        {
            await silo.References.GetGrain<IRemindable>(GrainId.Parse(grainId))
                .ReceiveReminder(name, new TickStatus(start.UtcDateTime, period, armed.Due.UtcDateTime)).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Log.ReminderFailed(silo.Logger, exception, name, grainId);
        }
        lock (_lock)
        {
            if (IsCurrent(armed) && !_stopped)
                Enqueue(armed);
        }
    }

    private sealed class Armed(StoredReminder reminder)
    {
        public StoredReminder Reminder => reminder;

        public DateTimeOffset Due { get; set; }
    }

    private sealed record Handle(StoredReminder Reminder) : IGrainReminder
    {
        public string ReminderName => Reminder.Name;
    }
}
