using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>Storage whose commits a test can see, hold back or spoil.</summary>
internal sealed class InterceptedStorage(IStorage inner) : IStorage
{
    /// <summary>Stands in for <see cref="CommitAsync"/>, which it is given.</summary>
    public Func<WriteUnit, Func<WriteUnit, Task<CommitResult>>, Task<CommitResult>>? OnCommit { get; set; }

    public IRoomStore Rooms => inner.Rooms;
    public IPartialRoomStore PartialRooms => inner.PartialRooms;
    public IStagedPduStore StagedPdus => inner.StagedPdus;
    public IEventStore Events => inner.Events;
    public IStateNodeStore StateNodes => inner.StateNodes;
    public IMembershipStore Memberships => inner.Memberships;
    public IAccountStore Accounts => inner.Accounts;
    public IDeviceStore Devices => inner.Devices;
    public IKeyStore Keys => inner.Keys;
    public IDeviceListStore DeviceLists => inner.DeviceLists;
    public IAccountDataStore AccountData => inner.AccountData;
    public IReceiptStore Receipts => inner.Receipts;
    public IToDeviceStore ToDevice => inner.ToDevice;
    public IDirectoryStore Directory => inner.Directory;
    public IMediaStore Media => inner.Media;
    public IServerStore Servers => inner.Servers;
    public IOutboxStore Outbox => inner.Outbox;
    public IEphemeralStore Ephemeral => inner.Ephemeral;
    public IReminderStore Reminders => inner.Reminders;
    public IGrainStateStore GrainStates => inner.GrainStates;
    public IReportStore Reports => inner.Reports;
    public IPusherStore Pushers => inner.Pushers;
    public ISearchStore Search => inner.Search;
    public IContentStore? Contents => inner.Contents;
    public IChangeFeed Feed => inner.Feed;

    public ValueTask<Fence> OpenFenceAsync(string owner, CancellationToken cancellationToken = default) => inner.OpenFenceAsync(owner, cancellationToken);

    public Task<Fence> AcquireFenceAsync(string owner, CancellationToken cancellationToken = default) => inner.AcquireFenceAsync(owner, cancellationToken);

    public Task<CommitResult> CommitAsync(WriteUnit unit) => OnCommit?.Invoke(unit, inner.CommitAsync) ?? inner.CommitAsync(unit);

    public Task MigrateAsync(CancellationToken cancellationToken) => inner.MigrateAsync(cancellationToken);

    public Task PingAsync(CancellationToken cancellationToken) => inner.PingAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
