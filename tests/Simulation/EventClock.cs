namespace OrleansMatrix.Simulation;

/// <summary>A discrete-event clock: what is to happen happens in the order of its time, and of its planning where times are the same. Nothing waits.</summary>
public sealed class EventClock
{
    private readonly PriorityQueue<Action, (double At, long Order)> _planned = new();
    private long _order;

    /// <summary>The time of what happens now, in milliseconds from the start.</summary>
    public double Now { get; private set; }

    /// <summary>Plans something for <paramref name="milliseconds"/> from now.</summary>
    public void After(double milliseconds, Action happen) => _planned.Enqueue(happen, (Now + milliseconds, _order++));

    /// <summary>Lets happen what is planned until then, and what that plans.</summary>
    public void RunUntil(double milliseconds)
    {
        while (_planned.TryPeek(out var happen, out var priority) && priority.At <= milliseconds)
        {
            _planned.Dequeue();
            Now = priority.At;
            happen();
        }
    }
}
