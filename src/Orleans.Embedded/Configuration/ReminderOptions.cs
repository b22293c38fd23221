namespace Orleans.Hosting;

/// <summary>Reminders.</summary>
public sealed class ReminderOptions
{
    /// <summary>The least period of a reminder.</summary>
    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the stored reminders are read again.</summary>
    public TimeSpan RefreshReminderListPeriod { get; set; } = TimeSpan.FromMinutes(5);
}
