using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Grains.Persistence;

/// <summary>
/// What a grain tries again by its timer is tried also if the grain is gone by then: an idle grain goes after a quarter of an hour, a timer with it. The
/// reminder is set once something has failed for some time, not for each try, and goes at the first tick that finds nothing to do (ADR 0062).
/// </summary>
internal sealed class RetryReminder(Grain grain, ILogger logger)
{
    private const string Name = "retry";
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(30);
    private bool _isSet;

    /// <summary>Sets it. That it cannot be set is logged: the timer is there, and the next failure tries again.</summary>
    public async Task SetAsync()
    {
        if (_isSet)
            return;
        try
        {
            await grain.RegisterOrUpdateReminder(Name, s_period, s_period);
            _isSet = true;
        }
        catch (Exception fault)
        {
            PersistenceLog.ReminderNotSet(logger, grain.GetGrainId(), fault);
        }
    }

    /// <summary>Takes it away.</summary>
    public async Task EndAsync()
    {
        _isSet = false;
        if (await grain.GetReminder(Name) is { } reminder)
            await grain.UnregisterReminder(reminder);
    }
}
