using System.Collections.Frozen;
using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>A whole filter as <c>POST …/filter</c> takes it (C-S API, Filtering). Immutable.</summary>
public sealed record SyncFilter
{
    /// <summary>Lets everything through.</summary>
    public static readonly SyncFilter None = new();

    private const int MaxFields = 1000;

    public EventFilter Presence { get; private init; } = EventFilter.None;
    public EventFilter AccountData { get; private init; } = EventFilter.None;
    public EventFilter Timeline { get; private init; } = EventFilter.None;
    public EventFilter State { get; private init; } = EventFilter.None;
    public EventFilter Ephemeral { get; private init; } = EventFilter.None;
    public EventFilter RoomAccountData { get; private init; } = EventFilter.None;
    public bool IncludeLeave { get; private init; }

    /// <summary>Serve events in the federation format.</summary>
    public bool FederationFormat { get; private init; }

    /// <summary>Paths of the event fields to keep; default: all.</summary>
    public EventFields? EventFields { get; private init; }

    private FrozenSet<string>? Rooms { get; init; }
    private FrozenSet<string>? NotRooms { get; init; }

    /// <summary>Members are sent only as far as the client needs them.</summary>
    public bool LazyMembers => State.LazyLoadMembers;

    /// <summary>Whether the room is to be told of at all.</summary>
    public bool AllowsRoom(string roomId) => Rooms?.Contains(roomId) != false && NotRooms?.Contains(roomId) != true;

    /// <summary>Reads a filter: M_NOT_JSON or M_BAD_JSON for one that is not valid.</summary>
    public static Outcome<SyncFilter> Parse(ReadOnlyMemory<byte> json)
    {
        if (!JsonText.Read(json).TryGet(out var document, out var error))
            return error;
        using (document)
            return Parse(document.RootElement);
    }

    private static Outcome<SyncFilter> Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("A filter must be an object");
        var room = default(JsonElement);
        if (json.TryGetProperty("room", out var roomJson) && (room = roomJson).ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("'room' in a filter must be an object");
        if (!Part(json, "presence").TryGet(out var presence, out var error) || !Part(json, "account_data").TryGet(out var accountData, out error) ||
            !Part(room, "timeline").TryGet(out var timeline, out error) || !Part(room, "state").TryGet(out var state, out error) ||
            !Part(room, "ephemeral").TryGet(out var ephemeral, out error) || !Part(room, "account_data").TryGet(out var roomAccountData, out error) ||
            !RoomIds(room).TryGet(out var rooms, out error) || !Fields(json).TryGet(out var fields, out error))
            return error;
        var includeLeave = default(JsonElement);
        if (room.ValueKind == JsonValueKind.Object && room.TryGetProperty("include_leave", out includeLeave) &&
            includeLeave.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            return MatrixError.BadJson("'include_leave' must be a boolean");
        var format = default(JsonElement);
        if (json.TryGetProperty("event_format", out format) && !(format.ValueKind == JsonValueKind.String && format.GetString() is "client" or "federation"))
            return MatrixError.BadJson("'event_format' must be client or federation");
        return new SyncFilter
        {
            Presence = presence,
            AccountData = accountData,
            Timeline = timeline,
            State = state,
            Ephemeral = ephemeral,
            RoomAccountData = roomAccountData,
            IncludeLeave = includeLeave.ValueKind == JsonValueKind.True,
            FederationFormat = format.ValueKind == JsonValueKind.String && format.ValueEquals("federation"u8),
            EventFields = fields,
            Rooms = rooms.Rooms,
            NotRooms = rooms.NotRooms,
        };
    }

    private static Outcome<EventFilter> Part(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var part) ? EventFilter.Parse(part) : EventFilter.None;

    private static Outcome<(FrozenSet<string>? Rooms, FrozenSet<string>? NotRooms)> RoomIds(JsonElement room)
    {
        if (room.ValueKind != JsonValueKind.Object)
            return (null, null);
        (FrozenSet<string>? Rooms, FrozenSet<string>? NotRooms) ids = (null, null);
        foreach (var name in (ReadOnlySpan<string>)["rooms", "not_rooms"])
        {
            if (!room.TryGetProperty(name, out var list))
                continue;
            if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String || !e.GetString()!.StartsWith('!')))
                return MatrixError.BadJson($"'{name}' must be a list of room ids");
            var set = list.EnumerateArray().Select(e => e.GetString()!).ToFrozenSet(StringComparer.Ordinal);
            ids = name == "rooms" ? (set, ids.NotRooms) : (ids.Rooms, set);
        }

        return ids;
    }

    private static Outcome<EventFields?> Fields(JsonElement json)
    {
        if (!json.TryGetProperty("event_fields", out var list))
            return default(EventFields);
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxFields || list.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String))
            return MatrixError.BadJson("'event_fields' must be a list of strings");
        return EventFields.Parse(list.EnumerateArray().Select(e => e.GetString()!));
    }
}
