namespace OrleansMatrix.Storage;

/// <summary>The seam to the database: every grain's data goes through here. One instance per silo; thread-safe.</summary>
public interface IStorage : IAsyncDisposable
{
    IRoomStore Rooms { get; }
    IPartialRoomStore PartialRooms { get; }
    IStagedPduStore StagedPdus { get; }
    IEventStore Events { get; }
    IStateNodeStore StateNodes { get; }
    IMembershipStore Memberships { get; }
    IAccountStore Accounts { get; }
    IDeviceStore Devices { get; }
    IKeyStore Keys { get; }
    IDeviceListStore DeviceLists { get; }
    IAccountDataStore AccountData { get; }
    IReceiptStore Receipts { get; }
    IToDeviceStore ToDevice { get; }
    IDirectoryStore Directory { get; }
    IMediaStore Media { get; }
    IServerStore Servers { get; }
    IOutboxStore Outbox { get; }
    IEphemeralStore Ephemeral { get; }
    IReminderStore Reminders { get; }
    IGrainStateStore GrainStates { get; }
    IReportStore Reports { get; }
    IPusherStore Pushers { get; }
    ISearchStore Search { get; }

    /// <summary>The content of media; null: the database keeps none (SQLite), it lies in a folder.</summary>
    IContentStore? Contents { get; }

    /// <summary>The change feed of this silo.</summary>
    IChangeFeed Feed { get; }

    /// <summary>
    /// Reads the owner's epoch; call it before reading what the fence protects. Until the first commit with it, a former activation that still holds the
    /// epoch may go on writing: the owner whose memory must be exact takes the fence with <see cref="AcquireFenceAsync"/>.
    /// </summary>
    ValueTask<Fence> OpenFenceAsync(string owner, CancellationToken cancellationToken = default);

    /// <summary>
    /// Opens the owner's fence and raises its epoch at once, durably: no commit of a former activation can succeed after this, so what is read afterwards stays
    /// true until this activation changes it.
    /// </summary>
    Task<Fence> AcquireFenceAsync(string owner, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes the unit durable and visible; returns after the database has it on disk. Units committed by one caller in order become visible in that order,
    /// also when the caller does not wait in between; if one unit of a fence fails, the fence's later queued units fail too.
    /// </summary>
    /// <exception cref="StaleFenceException">The fence is stale.</exception>
    /// <exception cref="ConflictException">A uniqueness rule was broken.</exception>
    Task<CommitResult> CommitAsync(WriteUnit unit);

    /// <summary>Applies the numbered migrations that are missing, under a lock; safe to call from several silos at once.</summary>
    Task MigrateAsync(CancellationToken cancellationToken);

    /// <summary>Completes if the database answers a trivial query; throws otherwise. For <c>/health</c>.</summary>
    Task PingAsync(CancellationToken cancellationToken);
}
