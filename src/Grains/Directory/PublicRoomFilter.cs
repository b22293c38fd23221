using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Directory;

namespace OrleansMatrix.Grains.Directory;

/// <summary>
/// The filter of a public room list, applied to what another server gave: some servers list all their rooms whatever they are asked for (S-S API, Published
/// Room Directory, <c>filter</c>).
/// </summary>
internal static class PublicRoomFilter
{
    private static readonly string[] s_searched = ["name", "topic", "canonical_alias", "room_id"];

    /// <summary>
    /// Whether the room may be meant. Servers search in their own ways, so of the words of <c>generic_search_term</c> one is enough; <c>room_types</c> leave no
    /// choice, null standing for rooms without a type.
    /// </summary>
    public static bool Allows(PublicRoomsQuery query, JsonElement room)
    {
        if (room.ValueKind != JsonValueKind.Object)
            return false;
        if (query.RoomTypes is { } types && !types.Contains(JsonBytes.StringMember(room, "room_type")))
            return false;
        var words = query.SearchTerm?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];
        return words.Length == 0 || s_searched.Select(name => JsonBytes.StringMember(room, name)).OfType<string>()
            .Any(text => words.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }
}
