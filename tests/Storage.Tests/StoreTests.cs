using System.Text;
using OrleansMatrix.Storage.Tests.Backends;

namespace OrleansMatrix.Storage.Tests;

/// <summary>The seam's contract, tested alike on each back end: a fresh migrated database for each test.</summary>
public abstract class StoreTests(Backend backend) : IAsyncLifetime
{
    protected const string Room = "!room:one.test";
    protected const string OtherRoom = "!other:one.test";
    protected const string Alice = "@alice:one.test";
    protected const string Bob = "@bob:one.test";
    protected const string Carol = "@carol:two.test";

    protected Backend Backend { get; } = backend;

    protected IStorage Storage { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync() => Storage = await Backend.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await Backend.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static ReadOnlyMemory<byte> Json(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    protected static string? Text(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? Text(value) : null;

    protected static EventRow Event(string id, string roomId = Room, long depth = 1, long timestamp = 1000, EventStatus status = EventStatus.None) => new()
    {
        EventId = id,
        RoomId = roomId,
        Type = "m.room.message",
        Sender = Alice,
        Depth = depth,
        OriginServerTs = timestamp,
        Status = status,
        Json = Json($$"""{"id":"{{id}}"}"""),
    };

    protected Task<CommitResult> CommitAsync(Action<WriteUnit> write, Fence? fence = null)
    {
        var unit = new WriteUnit(fence);
        write(unit);
        return Storage.CommitAsync(unit);
    }

    /// <summary>Commits live events in one unit and gives the position of the first.</summary>
    protected async Task<long> AppendAsync(params EventRow[] rows) =>
        (await CommitAsync(unit =>
        {
            foreach (var row in rows) Storage.Events.AppendLive(unit, row, unit.NextPosition(ChangeKind.RoomEvent, row.RoomId));
        })).FirstPosition;
}
