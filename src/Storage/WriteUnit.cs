namespace OrleansMatrix.Storage;

/// <summary>
/// Writes that become durable together or not at all. Store methods that take a unit only buffer; <see cref="IStorage.CommitAsync"/> makes them durable,
/// usually in one transaction with units of other grains (group commit).
/// </summary>
public sealed class WriteUnit(Fence? fence = null)
{
    private readonly List<Change> _changes = [];
    private readonly List<StorageWrite> _writes = [];
    private HashSet<string>? _destinations;

    /// <summary>The fence that the commit checks; null for writes that are safe from any activation.</summary>
    public Fence? Fence { get; } = fence;

    /// <summary>The buffered writes, in order, in the form that the storage back end made them.</summary>
    public IReadOnlyList<StorageWrite> Writes => _writes;

    /// <summary>The changes this unit announces; index i belongs to slot i (their positions are not assigned yet).</summary>
    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>The remote servers for which the unit is known to queue something.</summary>
    public IReadOnlyCollection<string> Destinations => _destinations is null ? [] : _destinations;

    /// <summary>True if it queues something for remote servers; for which may only be known after the commit.</summary>
    public bool IsQueueing => _destinations is not null;

    /// <summary>Reserves the next stream position of this unit and says what it announces.</summary>
    public PositionSlot NextPosition(ChangeKind kind, string key)
    {
        _changes.Add(new Change(0, kind, key));
        return new PositionSlot(_changes.Count - 1);
    }

    /// <summary>Buffers a write; for back ends only.</summary>
    public void Add(StorageWrite write) => _writes.Add(write);

    /// <summary>Remembers for whom something was queued; for back ends only.</summary>
    public void AddDestinations(IEnumerable<string> destinations) => (_destinations ??= new(StringComparer.Ordinal)).UnionWith(destinations);

    /// <summary>True if there is nothing to commit.</summary>
    public bool IsEmpty => _writes.Count == 0 && _changes.Count == 0;
}

/// <summary>One buffered write; each storage back end has its own.</summary>
public abstract class StorageWrite;

/// <summary>
/// The right of one activation to write what it owns (design.md, Rooms). Opening reads the owner's epoch; the first commit raises it by
/// compare-and-set; every later commit checks it. So opening for reading costs no write, and of two activations only the one that wrote last can go on.
/// Read the epoch before reading the owned data.
/// </summary>
public sealed class Fence(string owner, long epoch)
{
    /// <summary>What is owned, e.g. <c>room:!id</c>.</summary>
    public string Owner { get; } = owner;

    /// <summary>The epoch as read, or, once <see cref="Held"/>, as taken. Only the storage back end writes it, when it enqueues the first commit.</summary>
    public long Epoch { get; set; } = epoch;

    /// <summary>True once a commit has raised (or is about to raise) the epoch.</summary>
    public bool Held { get; set; }

    /// <summary>True once a commit under this fence has failed: every later one fails too. Only the storage back end writes it.</summary>
    public bool Broken { get; set; }
}

/// <summary>
/// The database cannot be reached, or does not answer; whether a commit was done is not known. It is a time-out to all who only know those: the same call may
/// succeed later.
/// </summary>
public sealed class StorageUnavailableException(string message, Exception? inner = null) : TimeoutException(message, inner);

/// <summary>
/// A commit named an epoch that another activation has since raised. Nothing of the unit was written; the activation must go. While two silos that do not see
/// each other both hold an owner they take it from each other by turns, so it is a time-out to all who only know those: the same call may succeed later.
/// </summary>
public sealed class StaleFenceException(string owner) : TimeoutException($"another activation owns {owner}")
{
    /// <summary>The fence's owner.</summary>
    public string Owner { get; } = owner;
}

/// <summary>
/// A unit broke a uniqueness rule that the caller asked for, e.g. a transaction id or user name that is there already. Nothing of the unit was written.
/// </summary>
public sealed class ConflictException(string what) : Exception(what);
