namespace Orleans.Embedded;

/// <summary>A call of a method that returns <see cref="IAsyncEnumerable{T}"/>; generated code derives one class per method.</summary>
public abstract class StreamRequest<TElement>(GrainMethod method)
{
    internal GrainMethod Method { get; } = method;

    /// <summary>Calls the method.</summary>
    protected abstract IAsyncEnumerable<TElement> Invoke(object target, CancellationToken cancellationToken);

    internal IAsyncEnumerable<TElement> Start(object target, CancellationToken cancellationToken) => Invoke(target, cancellationToken);
}

/// <summary>What the caller gets of such a method.</summary>
internal sealed class GrainStream<TElement>(Runtime.GrainReference reference, StreamRequest<TElement> request, CancellationToken argument)
    : IAsyncEnumerable<TElement>
{
    public IAsyncEnumerator<TElement> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new GrainStreamReader<TElement>(reference, request, argument, cancellationToken);
}
