namespace OrleansMatrix.Storage;

/// <summary>What a stream position stands for; together with the key it tells a reader whether the change can concern it.</summary>
public enum ChangeKind : byte
{
    /// <summary>A live event of a room; key: room id.</summary>
    RoomEvent = 1,
    /// <summary>A receipt in a room; key: room id.</summary>
    Receipt = 2,
    /// <summary>A local user's membership changed (invite, join, knock, leave, ban, forget); key: user id.</summary>
    Membership = 3,
    /// <summary>A user's global or room account data; key: user id.</summary>
    AccountData = 4,
    /// <summary>A to-device message waits; key: user id.</summary>
    ToDevice = 5,
    /// <summary>A user's devices or cross-signing keys changed; key: user id (local or remote).</summary>
    DeviceList = 6,
    /// <summary>A user's presence changed; key: user id.</summary>
    Presence = 7,
    /// <summary>A user's one-time or fallback key counts changed; key: user id.</summary>
    KeyCounts = 8,
    /// <summary>Who types in a room; key: room id.</summary>
    Typing = 9,
    /// <summary>A user had its account erased; key: user id.</summary>
    Erasure = 10,
    /// <summary>A local user has set a pusher; key: user id.</summary>
    Pushers = 11,
}

/// <summary>One visible change of the server's stream.</summary>
/// <param name="Position">Position in the one server-wide stream, from 1, unique and gapless for readers: all changes at or below a visible position are
/// visible.</param>
/// <param name="Kind">What changed.</param>
/// <param name="Key">Room id or user id, as <see cref="ChangeKind"/> says.</param>
public readonly record struct Change(long Position, ChangeKind Kind, string Key);

/// <summary>A position that the commit of its <see cref="WriteUnit"/> will assign; resolve it with <see cref="CommitResult.Resolve"/>.</summary>
public readonly record struct PositionSlot(int Index);

/// <summary>The outcome of a commit.</summary>
/// <param name="FirstPosition">The position of the unit's slot 0; slot i has <c>FirstPosition + i</c>. 0 if the unit asked for no slot.</param>
public readonly record struct CommitResult(long FirstPosition)
{
    /// <summary>The position that the commit gave to <paramref name="slot"/>.</summary>
    public long Resolve(PositionSlot slot) => FirstPosition + slot.Index;
}

/// <summary>
/// The stream of all changes in position order, as visible in storage. A silo has one feed; it survives lost notifications because it reads
/// positions, not messages.
/// </summary>
public interface IChangeFeed
{
    /// <summary>The highest position below which everything is committed, as this silo knows it. Never goes back.</summary>
    long Current { get; }

    /// <summary>
    /// Adds a listener, called with each batch of changes in position order, without gaps, starting after the returned position. Called on one
    /// thread at a time; it must be quick and must not throw. <see cref="Current"/> has already reached the batch's end when it is called.
    /// </summary>
    /// <param name="listener">Takes the changes.</param>
    /// <param name="lost">
    /// Called in place of changes that are not to be had any more (this silo was cut off for very long), in their order, with the position of the last one:
    /// anything may have changed up to there.
    /// </param>
    long Subscribe(Action<ReadOnlyMemory<Change>> listener, Action<long>? lost = null);

    /// <summary>Completes when <see cref="Current"/> has reached <paramref name="position"/>.</summary>
    ValueTask WaitForAsync(long position, CancellationToken cancellationToken);

    /// <summary>Completes when <see cref="Current"/> has reached all that any silo had acknowledged before the call.</summary>
    ValueTask CatchUpAsync(CancellationToken cancellationToken);
}
