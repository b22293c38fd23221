using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>What generated references send calls by.</summary>
public static class GrainCalls
{
    /// <summary>Sends a call; the task completes with its answer.</summary>
    public static Task<TResult> Send<TResult>(GrainReference reference, Call<TResult> call)
    {
        var answer = call.Answer;
        reference.Send(call);
        return answer;
    }

    /// <summary>Sends a call that takes a cancellation token.</summary>
    public static Task<TResult> Send<TResult>(GrainReference reference, Call<TResult> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<TResult>(cancellationToken);
        var answer = call.Answer;
        CallCancellation.Attach(call, cancellationToken);
        reference.Send(call);
        return answer;
    }

    /// <summary>Sends a call whose answer nobody waits for.</summary>
    public static void SendOneWay<TResult>(GrainReference reference, Call<TResult> call) => reference.Send(call);

    /// <summary>Sends a call that takes a cancellation token and whose answer nobody waits for.</summary>
    public static void SendOneWay<TResult>(GrainReference reference, Call<TResult> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return;
        CallCancellation.Attach(call, cancellationToken);
        reference.Send(call);
    }

    /// <summary>The elements a method gives; it is called when the first is read.</summary>
    public static IAsyncEnumerable<TElement> Stream<TElement>(GrainReference reference, StreamRequest<TElement> request,
        CancellationToken cancellationToken = default) => new GrainStream<TElement>(reference, request, cancellationToken);
}
