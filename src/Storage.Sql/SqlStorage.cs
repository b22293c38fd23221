using OrleansMatrix.Storage.Sql.Stores;

namespace OrleansMatrix.Storage.Sql;

/// <summary>The storage on an SQL back end.</summary>
/// <param name="database">The back end.</param>
/// <param name="time">The clock.</param>
/// <param name="search">How the back end searches.</param>
/// <param name="contents">Where the back end keeps the content of media, if it does.</param>
public sealed class SqlStorage(ISqlDatabase database, TimeProvider time, SearchSql search, IContentStore? contents = null) : IStorage
{
    private static readonly Statement SelectEpoch = new("SELECT epoch FROM fences WHERE owner = $1");

    private readonly OutboxStore _outbox = new(database);

    public IRoomStore Rooms { get; } = new RoomStore(database);
    public IPartialRoomStore PartialRooms { get; } = new PartialRoomStore(database);
    public IStagedPduStore StagedPdus { get; } = new StagedPduStore(database);
    public IEventStore Events { get; } = new EventStore(database, search);
    public IStateNodeStore StateNodes { get; } = new StateNodeStore(database);
    public IMembershipStore Memberships { get; } = new MembershipStore(database);
    public IAccountStore Accounts { get; } = new AccountStore(database);
    public IDeviceStore Devices { get; } = new DeviceStore(database);
    public IKeyStore Keys { get; } = new KeyStore(database);
    public IDeviceListStore DeviceLists { get; } = new DeviceListStore(database);
    public IAccountDataStore AccountData { get; } = new AccountDataStore(database);
    public IReceiptStore Receipts { get; } = new ReceiptStore(database);
    public IToDeviceStore ToDevice { get; } = new ToDeviceStore(database);
    public IDirectoryStore Directory { get; } = new DirectoryStore(database);
    public IMediaStore Media { get; } = new MediaStore(database);
    public IServerStore Servers { get; } = new ServerStore(database);
    public IOutboxStore Outbox => _outbox;
    public IEphemeralStore Ephemeral { get; } = new EphemeralStore(database);
    public IReminderStore Reminders { get; } = new ReminderStore(database, time);
    public IGrainStateStore GrainStates { get; } = new GrainStateStore(database, time);
    public IReportStore Reports { get; } = new ReportStore(database);
    public IPusherStore Pushers { get; } = new PusherStore(database);
    public ISearchStore Search { get; } = new SearchStore(database, search);
    public IContentStore? Contents { get; } = contents;
    public IChangeFeed Feed => database.Feed;

    /// <inheritdoc/>
    public ValueTask<Fence> OpenFenceAsync(string owner, CancellationToken cancellationToken = default)
    {
        var rows = database.QueryAsync(SelectEpoch, static row => row.Integer(0), cancellationToken, owner);
        return rows.IsCompletedSuccessfully ? new(Open(owner, rows.Result)) : Wait(owner, rows);

        static async ValueTask<Fence> Wait(string owner, ValueTask<List<long>> rows) => Open(owner, await rows.ConfigureAwait(false));
        static Fence Open(string owner, List<long> rows) => new(owner, rows.Count > 0 ? rows[0] : 0);
    }

    /// <inheritdoc/>
    public async Task<Fence> AcquireFenceAsync(string owner, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var fence = await OpenFenceAsync(owner, cancellationToken).ConfigureAwait(false);
            try
            {
                await database.CommitAsync(new WriteUnit(fence)).ConfigureAwait(false);
                return fence;
            }
            catch (StaleFenceException)
            {
                // Somebody else took it in between.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <inheritdoc/>
    public Task<CommitResult> CommitAsync(WriteUnit unit) =>
        unit.IsEmpty ? Task.FromResult(default(CommitResult)) : !unit.IsQueueing ? CommitWatchedAsync(unit) : CommitQueuedAsync(unit);

    private Task<CommitResult> CommitWatchedAsync(WriteUnit unit) =>
        StorageTelemetry.IsWatched ? StorageTelemetry.CommitAsync(database.CommitAsync, unit, database.Feed) : database.CommitAsync(unit);

    private async Task<CommitResult> CommitQueuedAsync(WriteUnit unit)
    {
        var result = await CommitWatchedAsync(unit).ConfigureAwait(false);
        _outbox.Announce(unit);
        return result;
    }

    /// <inheritdoc/>
    public Task MigrateAsync(CancellationToken cancellationToken) => database.MigrateAsync(cancellationToken);

    /// <inheritdoc/>
    public Task PingAsync(CancellationToken cancellationToken) => database.PingAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => database.DisposeAsync();
}
