using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>A stream's side in the grain; used in turns of the activation only.</summary>
internal sealed class StreamSource<TElement>(StreamRequest<TElement> request) : IEndsWithActivation, IDisposable
{
    private const int MaxBatch = 100;

    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Activation? _owner;
    private IAsyncEnumerator<TElement>? _elements;
    private Task<bool>? _move;

    public async Task<StreamBatch<TElement>> NextAsync(Activation activation, object target, CancellationToken cancellationToken)
    {
        if (_owner is null)
        {
            _owner = activation;
            _elements = request.Start(target, _cancellation.Token).GetAsyncEnumerator(_cancellation.Token);
            activation.AddDependent(this);
        }
        else if (_owner != activation)
        {
            throw new EnumerationAbortedException("The activation that gave the elements has ended.");
        }
        using var registration = cancellationToken.UnsafeRegister(static cancel => ((CancellationTokenSource)cancel!).Cancel(), _cancellation);
        List<TElement> batch = [];
        while (batch.Count < MaxBatch)
        {
            _move ??= _elements!.MoveNextAsync().AsTask();
            if (!_move.IsCompleted)
            {
                if (batch.Count > 0)
                    break;
                await Task.WhenAny(_move, _aborted.Task).ConfigureAwait(true);
                if (!_move.IsCompleted)
                    throw new EnumerationAbortedException("The activation that gives the elements ends.");
            }
            // A failure after some elements is left for the next call.
            if (batch.Count > 0 && !_move.IsCompletedSuccessfully)
                break;
            var move = _move;
            _move = null;
            bool any;
            try
            {
                any = await move.ConfigureAwait(true);
            }
            catch
            {
                await EndAsync().ConfigureAwait(true);
                throw;
            }
            if (!any)
            {
                await EndAsync().ConfigureAwait(true);
                return new(batch, IsLast: true);
            }
            batch.Add(_elements!.Current);
        }
        return new(batch, IsLast: false);
    }

    public async Task DisposeAsync(Activation activation)
    {
        if (_owner != activation)
            return;
        await _cancellation.CancelAsync().ConfigureAwait(true);
        if (_move is not null)
            await Task.WhenAny(_move, _aborted.Task).ConfigureAwait(true);
        if (_move is null or { IsCompleted: true })
            await EndAsync().ConfigureAwait(true);
    }

    public void Stop()
    {
        _cancellation.Cancel();
        _aborted.TrySetResult();
    }

    public void Dispose() => _cancellation.Dispose();

    private async Task EndAsync()
    {
        _owner!.RemoveDependent(this);
        if (_elements is { } elements)
        {
            _elements = null;
            await elements.DisposeAsync().ConfigureAwait(true);
        }
    }
}
