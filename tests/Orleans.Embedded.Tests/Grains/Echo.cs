using Microsoft.Extensions.Logging;

namespace Orleans.Embedded.Tests.Grains;

public interface IEchoGrain : IGrainWithStringKey
{
    Task<string> Echo(string text);

    Task Fail(string message);

    ValueTask<int> Count(CancellationToken cancellationToken);

    ValueTask Nothing();
}

public sealed class EchoGrain(ILogger<EchoGrain> logger) : Grain, IEchoGrain
{
    private int _count;

    public Task<string> Echo(string text)
    {
        _count++;
        return Task.FromResult($"{this.GetPrimaryKeyString()}: {text}");
    }

    public async Task Fail(string message)
    {
        await Task.Yield();
        throw new InvalidOperationException(message);
    }

    public ValueTask<int> Count(CancellationToken cancellationToken) => new(_count);

    public ValueTask Nothing()
    {
        logger.LogDebug("Nothing");
        return default;
    }
}
