using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>A valid m.space.child event (CS API, Spaces): it names a room and servers to find it.</summary>
/// <param name="Order">A valid <c>order</c>; null if there is none.</param>
/// <param name="Stripped">The stripped state event with origin_server_ts.</param>
internal sealed record SpaceChild(string RoomId, string? Order, long OriginServerTs, bool Suggested, ReadOnlyMemory<byte> Stripped) : IComparable<SpaceChild>
{
    private const int MaxOrderLength = 50;

    /// <summary>Reads the event; null if it is no valid child.</summary>
    public static SpaceChild? Read(EventRow row)
    {
        if (!Protocol.Identifiers.RoomId.TryParse(row.StateKey, out _))
            return null;
        using var document = JsonDocument.Parse(row.Json);
        if (!document.RootElement.TryGetProperty("content"u8, out var content) || content.ValueKind != JsonValueKind.Object
            || !content.TryGetProperty("via"u8, out var via) || via.ValueKind != JsonValueKind.Array || via.GetArrayLength() == 0)
            return null;
        var order = content.TryGetProperty("order"u8, out var text) && text.ValueKind == JsonValueKind.String && IsValidOrder(text.GetString()!) ? text.GetString() : null;
        var suggested = content.TryGetProperty("suggested"u8, out var flag) && flag.ValueKind == JsonValueKind.True;
        return new SpaceChild(row.StateKey!, order, row.OriginServerTs, suggested, Strip(row, content));
    }

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

    private static bool IsValidOrder(string order) => order.Length is > 0 and <= MaxOrderLength && order.All(c => c is >= ' ' and <= '~');

    private static ReadOnlyMemory<byte> Strip(EventRow row, JsonElement content) => Device.JsonBytes.Object(w =>
    {
        w.WritePropertyName("content"u8);
        content.WriteTo(w);
        w.WriteNumber("origin_server_ts"u8, row.OriginServerTs);
        w.WriteString("sender"u8, row.Sender);
        w.WriteString("state_key"u8, row.StateKey);
        w.WriteString("type"u8, row.Type);
    });
}
