using System.Collections.Concurrent;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>
/// The local users whose accounts were erased (C-S API, account/deactivate, <c>erase</c>). One per silo; read once and then kept up to date by the change
/// feed, so that reading rooms costs nothing for it while nobody is erased (ADR 0037).
/// </summary>
public sealed class ErasedUsers(IStorage storage)
{
    private readonly ConcurrentDictionary<string, bool> _users = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Task? _loading;

    /// <summary>Completes when all that were erased before the call are known.</summary>
    public ValueTask ReadyAsync()
    {
        if (_loading is { IsCompletedSuccessfully: true })
            return ValueTask.CompletedTask;
        lock (_gate)
        {
            if (_loading is not { IsFaulted: false, IsCanceled: false })
                _loading = LoadAsync(subscribe: _loading is null);
            return new ValueTask(_loading);
        }
    }

    /// <summary>
    /// Whether others than those who were there get the event redacted. What an erased user set of a room's state stays as it is, since the room needs it
    /// (a room would else cease to be encrypted, say); of it only the user's own membership, which holds name and picture, is covered.
    /// </summary>
    public bool Cover(EventRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return !_users.IsEmpty && (row.StateKey is null || (row.Type == EventTypes.Member && row.StateKey == row.Sender)) && _users.ContainsKey(row.Sender);
    }

    private async Task LoadAsync(bool subscribe)
    {
        if (subscribe)
            storage.Feed.Subscribe(OnChanges, OnLost);
        foreach (var userId in await storage.Accounts.ErasedAsync())
            _users[userId] = true;
    }

    private void OnLost(long upTo)
    {
        lock (_gate)
            _loading = LoadAsync(subscribe: false);
    }

    private void OnChanges(ReadOnlyMemory<Change> batch)
    {
        foreach (var change in batch.Span)
        {
            if (change.Kind == ChangeKind.Erasure)
                _users[change.Key] = true;
        }
    }
}
