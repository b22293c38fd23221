using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room;

/// <summary>A client's transaction (C-S API, Transaction identifiers): of one device, on one endpoint.</summary>
internal readonly record struct TransactionKey(string UserId, string DeviceId, string Scope, string TransactionId);

/// <summary>
/// Answers a repeated transaction with the first one's event: from memory while it runs and for the latest ones. What memory does not know is taken for new:
/// if it is not, the row that each commit writes refuses the commit, the room is read again, and then storage is asked first.
/// </summary>
/// <param name="askFirst">Whether storage is asked before a transaction runs.</param>
internal sealed class TransactionLog(IEventStore store, bool askFirst)
{
    private const int MaxRecent = 256;
    private readonly Dictionary<TransactionKey, Task<Outcome<string>>> _running = [];
    private readonly Dictionary<TransactionKey, string> _recent = [];
    private readonly Queue<TransactionKey> _byAge = new();

    /// <summary>Runs <paramref name="send"/>, which answers an event id, unless the transaction was or is being run.</summary>
    public async Task<Outcome<string>> OnceAsync(TransactionKey key, Func<Task<Outcome<string>>> send)
    {
        if (_recent.TryGetValue(key, out var eventId))
            return eventId;
        if (_running.TryGetValue(key, out var running))
            return await running;
        var run = RunAsync(key, send);
        if (!run.IsCompleted)
            _running[key] = run;
        try
        {
            return await run;
        }
        finally
        {
            _running.Remove(key);
        }
    }

    private async Task<Outcome<string>> RunAsync(TransactionKey key, Func<Task<Outcome<string>>> send)
    {
        if (askFirst && await store.FindTransactionAsync(key.UserId, key.DeviceId, key.Scope, key.TransactionId) is { } known)
            return known;
        var outcome = await send();
        if (outcome.Ok)
            Remember(key, outcome.Value!);
        return outcome;
    }

    private void Remember(TransactionKey key, string eventId)
    {
        if (!_recent.TryAdd(key, eventId))
            return;
        _byAge.Enqueue(key);
        if (_byAge.Count > MaxRecent)
            _recent.Remove(_byAge.Dequeue());
    }
}
