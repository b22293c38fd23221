using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Keeps the queue for a server short: what the server cannot be sent for long is kept by room instead of by event (ADR 0031).</summary>
internal sealed class QueueLimit(IStorage storage)
{
    /// <summary>The longest queue for a server that does not answer, messages for devices left out.</summary>
    public const int MaxQueued = 1000;

    /// <summary>
    /// The same for one that has not answered for half an hour: nothing. It comes back to the newest event of each room, and until then costs a room on many
    /// servers nothing (<see cref="IOutboxStore.EnqueueMessage"/>).
    /// </summary>
    public const int MaxLongQueued = 0;

    /// <summary>The longest queue for a server that does.</summary>
    public const int MaxLag = 10_000;

    /// <summary>The most EDUs with messages for devices; of more the oldest are dropped.</summary>
    public const int MaxToDevice = 20_000;

    private const int WakesBetweenLooks = 100;
    private int _wakes;

    /// <summary>True from time to time, to be asked whenever something was queued that cannot be sent yet.</summary>
    public bool IsToBeLookedAt() => ++_wakes % WakesBetweenLooks == 0;

    /// <summary>True if the queue was too long. Not while part of it is being sent.</summary>
    /// <param name="server">The server.</param>
    /// <param name="most">How long it may be, messages for devices left out.</param>
    /// <param name="commit">Commits what is written, as the owner of the queue.</param>
    public async Task<bool> ShortenAsync(string server, int most, Func<Action<WriteUnit>, Task> commit)
    {
        var (others, toDevice) = await storage.Outbox.QueueLengthAsync(server);
        var isLong = others > most;
        if (!isLong && toDevice <= MaxToDevice)
            return false;
        await commit(unit => storage.Outbox.Compact(unit, server, isLong ? storage.Feed.Current : 0, MaxToDevice));
        return true;
    }
}
