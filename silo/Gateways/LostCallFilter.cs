namespace OrleansMatrix.Silo.Gateways;

/// <summary>
/// Ends calls that a lost silo may have had. Orleans tells its clients nothing of a silo that dies: their calls would wait for their time-out, which of a
/// <c>/sync</c> is six minutes.
/// </summary>
internal sealed class LostCallFilter(LostSilos lost) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        var next = lost.Next;
        try
        {
            await context.Invoke().WaitAsync(next);
        }
        catch (OperationCanceledException fault) when (next.IsCancellationRequested && fault.CancellationToken == next)
        {
            throw new SiloUnavailableException($"A silo was lost while {context.InterfaceName}.{context.MethodName} was under way");
        }
    }
}
