using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>A reference by <see cref="IRemindable"/>, as the generator would make it.</summary>
internal sealed class RemindableReference(GrainReferenceShared shared, IdSpan key) : GrainReference(shared, key), IRemindable
{
    private static readonly GrainMethod Method =
        new(typeof(IRemindable), "Orleans.IRemindable", nameof(IRemindable.ReceiveReminder), GrainMethodOptions.None, 0);

    public Task ReceiveReminder(string reminderName, TickStatus status) =>
        GrainCalls.Send(this, new ReceiveReminderCall(reminderName, status));

    private sealed class ReceiveReminderCall(string reminderName, TickStatus status) : TaskCall(Method)
    {
        public override int GetArgumentCount() => 2;

        public override object? GetArgument(int index) => index switch
        {
            0 => reminderName,
            1 => status,
            _ => base.GetArgument(index),
        };

        protected override Task Invoke(object target) => ((IRemindable)target).ReceiveReminder(reminderName, status);
    }
}
