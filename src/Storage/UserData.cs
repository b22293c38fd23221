namespace OrleansMatrix.Storage;

/// <summary>Account data; RoomId is empty for global data. Json is an object, or <c>{}</c> after deletion.</summary>
public sealed record AccountDataRow(string UserId, string RoomId, string Type, ReadOnlyMemory<byte> Json, long Position);

public interface IAccountDataStore
{
    void Put(WriteUnit unit, AccountDataRow row, PositionSlot slot);
    ValueTask<AccountDataRow?> GetAsync(string userId, string roomId, string type, CancellationToken cancellationToken = default);
    /// <summary>All the user's account data changed in (after, upTo].</summary>
    ValueTask<IReadOnlyList<AccountDataRow>> ChangedAsync(string userId, long after, long upTo, CancellationToken cancellationToken = default);
    /// <summary>Stores a filter and gives its id: equal filters of a user share one.</summary>
    ValueTask<string> AddFilterAsync(string userId, ReadOnlyMemory<byte> json, CancellationToken cancellationToken = default);
    /// <summary>Whether an equal filter is there.</summary>
    ValueTask<bool> HasFilterAsync(string userId, ReadOnlyMemory<byte> json, CancellationToken cancellationToken = default);
    /// <summary>How many pieces of account data the user has, and their bytes.</summary>
    ValueTask<(long Count, long Bytes)> SizeAsync(string userId, CancellationToken cancellationToken = default);
    /// <summary>How many filters the user has, and their bytes.</summary>
    ValueTask<(long Count, long Bytes)> FiltersSizeAsync(string userId, CancellationToken cancellationToken = default);
    ValueTask<ReadOnlyMemory<byte>?> GetFilterAsync(string userId, string filterId, CancellationToken cancellationToken = default);
    /// <summary>Deletes all account data and filters of a user.</summary>
    void DeleteAll(WriteUnit unit, string userId);
}

/// <summary>The latest receipt of a user in a room, by type and thread (empty: unthreaded).</summary>
/// <param name="Order">Place in history of the event it points at.</param>
/// <param name="Timestamp">Milliseconds since the epoch.</param>
public sealed record ReceiptRow(string RoomId, string UserId, string Type, string ThreadId, string EventId, HistoryOrder Order, long Timestamp, long Position);

public interface IReceiptStore
{
    void Put(WriteUnit unit, ReceiptRow row, PositionSlot slot);
    /// <summary>Drops a receipt, of which nobody is told.</summary>
    void Delete(WriteUnit unit, ReceiptRow row);
    /// <summary>Receipts of the rooms changed in (after, upTo].</summary>
    ValueTask<IReadOnlyList<ReceiptRow>> ChangedAsync(IReadOnlyCollection<string> roomIds, long after, long upTo,
        CancellationToken cancellationToken = default);
    /// <summary>All receipts of a user (one room, or null: all rooms).</summary>
    ValueTask<IReadOnlyList<ReceiptRow>> OfUserAsync(string userId, string? roomId, CancellationToken cancellationToken = default);
}

/// <summary>A waiting message; Json is the whole to-device event (type, sender, content).</summary>
public sealed record ToDeviceRow(string UserId, string DeviceId, ReadOnlyMemory<byte> Json, long Position);

public interface IToDeviceStore
{
    /// <summary>Each message to a device takes a slot of its own; one slot may serve one message to each of several devices.</summary>
    void Put(WriteUnit unit, ToDeviceRow row, PositionSlot slot);
    /// <summary>In position order, in (after, upTo].</summary>
    ValueTask<IReadOnlyList<ToDeviceRow>> WaitingAsync(string userId, string deviceId, long after, long upTo, int limit,
        CancellationToken cancellationToken = default);
    /// <summary>The client has them: deletes up to and including the position.</summary>
    void DeleteUpTo(WriteUnit unit, string userId, string deviceId, long position);
    /// <summary>The bytes of all messages that wait for the device.</summary>
    ValueTask<long> SizeAsync(string userId, string deviceId, CancellationToken cancellationToken = default);
    /// <summary>Deletes the oldest messages of the device, so that those left have <paramref name="keep"/> bytes at most.</summary>
    Task TrimAsync(string userId, string deviceId, long keep, CancellationToken cancellationToken = default);
    /// <summary>Deletes of each device the oldest messages beyond the newest <paramref name="keep"/>; goes through all devices with messages.</summary>
    Task TrimAsync(int keep, CancellationToken cancellationToken = default);
}
