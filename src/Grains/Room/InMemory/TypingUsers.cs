using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.InMemory;

/// <summary>Who types in a room, and until when if they do not say so again.</summary>
internal sealed class TypingUsers(RoomServices services, string roomId)
{
    private const long MaxTimeoutMs = 120_000;
    private const long MinTimeoutMs = 1_000;
    private const int MaxUsers = 500;
    private readonly Dictionary<string, long> _until = new(StringComparer.Ordinal);

    /// <summary>When the first notice ends, milliseconds since the epoch; null if nobody types.</summary>
    public long? NextEnd => _until.Count == 0 ? null : _until.Values.Min();

    /// <summary>Notes that a user types or not; true if others have to be told. A notice that is only renewed in good time tells nobody anything new.</summary>
    public bool Set(string userId, bool typing, long timeoutMs)
    {
        if (!typing)
            return _until.Remove(userId);
        var isNew = !_until.ContainsKey(userId);
        if (isNew && _until.Count >= MaxUsers)
            return false;
        _until[userId] = services.Now + Math.Clamp(timeoutMs, MinTimeoutMs, MaxTimeoutMs);
        return true;
    }

    /// <summary>Drops notices that are over; true if there were any.</summary>
    public bool Expire()
    {
        var over = _until.Where(p => p.Value <= services.Now).Select(p => p.Key).ToList();
        over.ForEach(u => _until.Remove(u));
        return over.Count > 0;
    }

    /// <summary>Announces the users who type now, and tells the servers of the room about a local user.</summary>
    public void Write(WriteUnit unit, IReadOnlyCollection<string> servers, string? localUser, bool typing)
    {
        var slot = unit.NextPosition(ChangeKind.Typing, roomId);
        services.Storage.Ephemeral.PutTyping(unit, new TypingRow(roomId, new Dictionary<string, long>(_until), 0), slot);
        if (localUser is null || servers.Count == 0)
            return;
        var edu = JsonBytes.Object(writer =>
        {
            writer.WriteString("edu_type"u8, "m.typing");
            writer.WriteStartObject("content"u8);
            writer.WriteString("room_id"u8, roomId);
            writer.WriteString("user_id"u8, localUser);
            writer.WriteBoolean("typing"u8, typing);
            writer.WriteEndObject();
        });
        services.Storage.Outbox.Enqueue(unit, servers, new OutboxItem(OutboxKind.Ephemeral, roomId, Body: edu), slot);
    }
}
