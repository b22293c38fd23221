using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Push;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>What user grains need; one per silo, thread-safe.</summary>
/// <param name="Signals">Only to have it running.</param>
public sealed record UserServices(ReadServices Read, MatrixSettings Settings, ChangeHub Hub, NeighbourSignals Signals, SharedRooms Sharing, PushSignals? Pushes = null)
{
    private const int MaxPresences = 20_000;
    private static readonly TimeSpan s_maxCatchUp = TimeSpan.FromSeconds(5);

    public IStorage Storage => Read.Storage;
    public TimeProvider Time => Read.Time;
    internal RoomTails Tails { get; } = new(Hub, Read.Storage.Events, Read.Storage.PartialRooms);

    /// <summary>The presence of users by their ids, kept until it changes.</summary>
    internal FollowedCache<PresenceRow> Presences { get; } = new(
        Hub, ChangeKind.Presence, MaxPresences, static _ => 1,
        async (users, cancellationToken) => (await Read.Storage.Ephemeral.PresenceAsync(users, cancellationToken))
            .ToDictionary(static row => row.UserId, StringComparer.Ordinal));

    /// <summary>From here on this silo tells what a client was answered by any (ADR 0101).</summary>
    /// <exception cref="TimeoutException">The change feed does not get there.</exception>
    internal async ValueTask CatchUpAsync(CancellationToken cancellationToken)
    {
        var catchingUp = Hub.Feed.CatchUpAsync(cancellationToken);
        if (!catchingUp.IsCompletedSuccessfully)
            await catchingUp.AsTask().WaitAsync(s_maxCatchUp, Time, cancellationToken);
    }
}
