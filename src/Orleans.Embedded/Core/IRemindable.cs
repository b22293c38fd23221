using Orleans.Runtime;

namespace Orleans;

/// <summary>A grain that can be woken by reminders.</summary>
public interface IRemindable : IGrain
{
    /// <summary>Called at each tick of a reminder this grain registered.</summary>
    Task ReceiveReminder(string reminderName, TickStatus status);
}
