using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>
/// Reads a stream of a grain in batches: each is a call that interleaves with others, which takes the elements that are
/// there and waits only for the first. There is no limit on that wait.
/// </summary>
internal sealed class GrainStreamReader<TElement>(GrainReference reference, StreamRequest<TElement> request,
    CancellationToken argument, CancellationToken enumeration) : IAsyncEnumerator<TElement>
{
    private readonly StreamSource<TElement> _source = new(request);
    private readonly CancellationTokenSource _cancelled = CancellationTokenSource.CreateLinkedTokenSource(argument, enumeration);
    private StreamBatch<TElement> _batch = new([], IsLast: false);
    private int _next;
    private bool _started;

    public TElement Current { get; private set; } = default!;

    public async ValueTask<bool> MoveNextAsync()
    {
        while (_next == _batch.Elements.Count)
        {
            if (_batch.IsLast)
                return false;
            _cancelled.Token.ThrowIfCancellationRequested();
            _started = true;
            var call = new NextCall(_source);
            var answer = call.Answer;
            CallCancellation.Attach(call, _cancelled.Token);
            reference.SendWithin(call, ticks: 0);
            _next = 0;
            _batch = await answer.ConfigureAwait(true);
        }
        Current = _batch.Elements[_next++];
        return true;
    }

    public ValueTask DisposeAsync()
    {
        if (_started && !_batch.IsLast)
            reference.SendWithin(new DisposeCall(_source), ticks: 0);
        _cancelled.Dispose();
        return default;
    }

    private static class Methods
    {
        public static readonly GrainMethod Next = new(typeof(IAsyncEnumerable<TElement>), "Orleans.Runtime.IAsyncEnumerableGrainExtension",
            "MoveNext", GrainMethodOptions.AlwaysInterleave, 0);

        public static readonly GrainMethod Dispose = new(typeof(IAsyncEnumerable<TElement>), "Orleans.Runtime.IAsyncEnumerableGrainExtension",
            "DisposeAsync", GrainMethodOptions.AlwaysInterleave | GrainMethodOptions.OneWay, 0);
    }

    private sealed class NextCall(StreamSource<TElement> source) : TaskCall<StreamBatch<TElement>>(Methods.Next)
    {
        protected override Task<StreamBatch<TElement>> Invoke(object target) => source.NextAsync(Target!, target, CancellationToken);
    }

    private sealed class DisposeCall(StreamSource<TElement> source) : TaskCall(Methods.Dispose)
    {
        protected override Task Invoke(object target) => source.DisposeAsync(Target!);
    }
}

/// <summary>Elements of a stream.</summary>
internal sealed record StreamBatch<TElement>(List<TElement> Elements, bool IsLast);
