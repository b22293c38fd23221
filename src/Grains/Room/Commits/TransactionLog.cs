using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Commits;

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

    // Those that run, and the latest ones that made an event.
    private readonly Dictionary<TransactionKey, Task<Outcome<string>>> _runs = [];
    private readonly Queue<TransactionKey> _byAge = new();

    /// <summary>Runs <paramref name="send"/>, which answers an event id, unless the transaction was or is being run.</summary>
    public Task<Outcome<string>> OnceAsync(TransactionKey key, Func<Task<Outcome<string>>> send)
    {
        if (_runs.TryGetValue(key, out var known))
            return known;
        var run = RunAsync(key, send);
        if (!run.IsCompleted || (run.IsCompletedSuccessfully && run.Result.Ok))
            _runs[key] = run;
        return run;
    }

    private async Task<Outcome<string>> RunAsync(TransactionKey key, Func<Task<Outcome<string>>> send)
    {
        var isMade = false;
        try
        {
            if (askFirst && await store.FindTransactionAsync(key.UserId, key.DeviceId, key.Scope, key.TransactionId) is { } eventId)
                return eventId;
            var outcome = await send();
            isMade = outcome.Ok;
            return outcome;
        }
        finally
        {
            if (isMade)
                Remember(key);
            else
                _runs.Remove(key);
        }
    }

    private void Remember(TransactionKey key)
    {
        _byAge.Enqueue(key);
        if (_byAge.Count > MaxRecent)
            _runs.Remove(_byAge.Dequeue());
    }
}
