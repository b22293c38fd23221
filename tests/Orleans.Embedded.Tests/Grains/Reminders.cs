using Orleans.Runtime;

namespace Orleans.Embedded.Tests.Grains;

public interface IReminderGrain : IGrainWithStringKey
{
    Task Remind(string name, TimeSpan due, TimeSpan period);

    Task Forget(string name);

    Task<bool> Has(string name);
}

public sealed class ReminderGrain(Gates gates) : Grain, IReminderGrain, IRemindable
{
    public async Task Remind(string name, TimeSpan due, TimeSpan period)
    {
        var reminder = await this.RegisterOrUpdateReminder(name, due, period);
        gates.Reach($"registered {reminder.ReminderName}");
    }

    public async Task Forget(string name) =>
        await this.UnregisterReminder(await this.GetReminder(name) ?? throw new InvalidOperationException("There is none."));

    public async Task<bool> Has(string name) => await this.GetReminder(name) is not null;

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        gates.Reach($"{this.GetPrimaryKeyString()} {reminderName} {status.FirstTickTime:HH:mm} {status.Period.TotalMinutes} {status.CurrentTickTime:HH:mm}");
        gates.Reach(reminderName);
        return Task.CompletedTask;
    }
}
