using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Gateway.Tests.Support;

/// <summary>Keeps the faults that the server logs, for messages of failed tests.</summary>
internal sealed class FaultLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _faults = new();

    public override string ToString() => string.Join('\n', _faults);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _faults.Enqueue($"{formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
    }
}
