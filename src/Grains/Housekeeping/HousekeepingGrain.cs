using OrleansMatrix.Grains.Abstractions.Housekeeping;
using OrleansMatrix.Grains.RemoteServer;

namespace OrleansMatrix.Grains.Housekeeping;

/// <inheritdoc cref="IHousekeepingGrain"/>
/// <remarks>
/// It keeps nothing: of two activations each deletes what is too old, and wakes what may be woken twice. Reminders wake it on another silo when its own has
/// died, and all silos tell it of that.
/// </remarks>
[GrainType("housekeeping")]
public sealed class HousekeepingGrain(RemoteServerServices services) : Grain, IHousekeepingGrain, IRemindable
{
    private const string AgedRows = "aged-rows";
    private const string Inboxes = "inboxes";
    private static readonly TimeSpan s_betweenSteps = TimeSpan.FromMinutes(1);

    private readonly AgedRows _rows = new(services.Storage, services.Time);
    private readonly HashSet<string> _dead = new(StringComparer.Ordinal);
    private UnfinishedWork? _work;
    private IGrainTimer? _timer;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await RemindAsync(AgedRows, TimeSpan.FromHours(1));
        await RemindAsync(Inboxes, TimeSpan.FromDays(1));
    }

    /// <inheritdoc/>
    public Task SiloChanged(string silo, bool isDead)
    {
        if (!isDead || _dead.Add(silo))
            Look();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (reminderName == Inboxes)
        {
            await _rows.TrimInboxesAsync();
            return;
        }

        // A wake can also be lost with a connection.
        Look();
        await _rows.DeleteAsync();
    }

    // Once: a reminder that is registered again begins its time again, and a server that is started often would never come to it.
    private async Task RemindAsync(string name, TimeSpan period)
    {
        if (await this.GetReminder(name) is null)
            await this.RegisterOrUpdateReminder(name, period, period);
    }

    // From the beginning, also if one is under way: what was queued since may be behind it.
    private void Look()
    {
        _work = new UnfinishedWork(services, GrainFactory);
        if (_timer is null)
            _timer = this.RegisterGrainTimer(
                ContinueAsync, new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = s_betweenSteps, Interleave = true, KeepAlive = true });
        else
            _timer.Change(TimeSpan.Zero, s_betweenSteps);
    }

    private async Task ContinueAsync()
    {
        var work = _work!;
        try
        {
            if (!await work.ContinueAsync() || _work != work)
                return;
            _timer!.Dispose();
            _timer = null;
        }
        catch (Exception fault)
        {
            HousekeepingLog.LookFailed(services.Logger, fault);
        }
    }
}
