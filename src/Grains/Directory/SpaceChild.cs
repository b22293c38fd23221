using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>A valid m.space.child event (CS API, Spaces): it names a room and servers to find it.</summary>
/// <param name="Via">The servers.</param>
/// <param name="Order">A valid <c>order</c>; null if there is none.</param>
/// <param name="Stripped">The stripped state event with origin_server_ts.</param>
internal sealed record SpaceChild(string RoomId, ImmutableArray<string> Via, string? Order, long OriginServerTs, bool Suggested, ReadOnlyMemory<byte> Stripped)
    : IComparable<SpaceChild>
{
    private const int MaxOrderLength = 50;
    private const int MaxVia = 10;

    /// <summary>Reads the event; null if it is no valid child.</summary>
    public static SpaceChild? Read(EventRow row) =>
        JsonBytes.TryParseObject(row.Json, out var json) ? Read(json, row.StateKey, row.Sender, row.OriginServerTs) : null;

    /// <summary>Reads a stripped event with origin_server_ts, as another server gives it; null if it is no valid child.</summary>
    public static SpaceChild? Read(JsonElement stripped) =>
        stripped.ValueKind == JsonValueKind.Object && JsonBytes.StringMember(stripped, "type") == "m.space.child" &&
            JsonBytes.StringMember(stripped, "sender") is { } sender &&
        UserId.IsValid(sender) && stripped.TryGetProperty("origin_server_ts"u8, out var ts) && JsonBytes.TryGetInteger(ts, out var time)
            ? Read(stripped, JsonBytes.StringMember(stripped, "state_key"), sender, time)
            : null;

    /// <summary>The children that count, in their order.</summary>
    public static IReadOnlyList<SpaceChild> Sort(IEnumerable<SpaceChild?> children, bool suggestedOnly) =>
        [.. children.OfType<SpaceChild>().Where(c => c.Suggested || !suggestedOnly).Order()];

    /// <summary>Ordering of children within a space: those with an order first, by it, then by age, then by room id.</summary>
    public int CompareTo(SpaceChild? other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var result = (Order is null).CompareTo(other.Order is null);
        if (result == 0)
            result = string.CompareOrdinal(Order, other.Order);
        if (result == 0)
            result = OriginServerTs.CompareTo(other.OriginServerTs);
        return result != 0 ? result : string.CompareOrdinal(RoomId, other.RoomId);
    }

    private static SpaceChild? Read(JsonElement json, string? roomId, string sender, long timestamp)
    {
        if (!Protocol.Identifiers.RoomId.TryParse(roomId, out _) || !json.TryGetProperty("content"u8, out var content) ||
            content.ValueKind != JsonValueKind.Object
            || !content.TryGetProperty("via"u8, out var via) || via.ValueKind != JsonValueKind.Array || via.GetArrayLength() == 0)
            return null;
        ImmutableArray<string> servers =
            [.. via.EnumerateArray().Take(MaxVia).Where(s => s.ValueKind == JsonValueKind.String && ServerName.IsValid(s.GetString()))
            .Select(s => s.GetString()!)];
        var order = content.TryGetProperty("order"u8, out var text) && text.ValueKind == JsonValueKind.String && IsValidOrder(text.GetString()!)
            ? text.GetString() : null;
        var suggested = content.TryGetProperty("suggested"u8, out var flag) && flag.ValueKind == JsonValueKind.True;
        return new SpaceChild(roomId!, servers, order, timestamp, suggested, Strip(roomId!, sender, timestamp, content));
    }

    private static bool IsValidOrder(string order) => order.Length is > 0 and <= MaxOrderLength && order.All(c => c is >= ' ' and <= '~');

    private static ReadOnlyMemory<byte> Strip(string roomId, string sender, long timestamp, JsonElement content) => JsonBytes.Object(w =>
    {
        w.WritePropertyName("content"u8);
        content.WriteTo(w);
        w.WriteNumber("origin_server_ts"u8, timestamp);
        w.WriteString("sender"u8, sender);
        w.WriteString("state_key"u8, roomId);
        w.WriteString("type"u8, "m.space.child"u8);
    });
}
