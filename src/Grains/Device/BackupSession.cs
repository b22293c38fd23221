using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Device;

/// <summary>A megolm session's key as a client backs it up.</summary>
internal sealed record BackupSession(string RoomId, string SessionId, long FirstMessageIndex, long ForwardedCount, bool IsVerified, ReadOnlyMemory<byte> Json)
{
    private const int MaxSessionIdLength = 255;

    /// <summary>Reads the body of the endpoints that store keys: of all rooms, of one room, or one session's.</summary>
    public static MatrixError? Read(JsonElement body, string? roomId, string? sessionId, out List<BackupSession> sessions)
    {
        sessions = [];
        if (sessionId is not null)
            return ReadSession(body, roomId!, sessionId, sessions);
        if (roomId is not null)
            return ReadRoom(body, roomId, sessions);
        if (!body.TryGetProperty("rooms"u8, out var rooms) || rooms.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("rooms is not an object");
        foreach (var room in rooms.EnumerateObject())
        {
            if (ReadRoom(room.Value, room.Name, sessions) is { } error)
                return error;
        }

        return null;
    }

    /// <summary>True if this key should replace the stored one: verified, then the lower first message index, then the lower forwarded count.</summary>
    public bool IsBetterThan(ReadOnlyMemory<byte> storedJson)
    {
        if (!JsonBytes.TryParseObject(storedJson, out var json) || !TryRead(json, RoomId, SessionId, out var stored))
            return true;
        if (IsVerified != stored.IsVerified)
            return IsVerified;
        return FirstMessageIndex != stored.FirstMessageIndex ? FirstMessageIndex < stored.FirstMessageIndex : ForwardedCount < stored.ForwardedCount;
    }

    private static MatrixError? ReadRoom(JsonElement room, string roomId, List<BackupSession> sessions)
    {
        if (!Protocol.Identifiers.RoomId.TryParse(roomId, out _))
            return MatrixError.InvalidParam("Not a room id");
        if (room.ValueKind != JsonValueKind.Object || !room.TryGetProperty("sessions"u8, out var list) || list.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson("sessions is not an object");
        foreach (var session in list.EnumerateObject())
        {
            if (ReadSession(session.Value, roomId, session.Name, sessions) is { } error)
                return error;
        }

        return null;
    }

    private static MatrixError? ReadSession(JsonElement json, string roomId, string sessionId, List<BackupSession> sessions)
    {
        if (sessionId.Length is 0 or > MaxSessionIdLength)
            return MatrixError.InvalidParam("Not a session id");
        if (!TryRead(json, roomId, sessionId, out var session))
            return MatrixError.BadJson("The key data of a session lacks a member or has one of the wrong type");
        if (Budgets.BackedUpKeys.CheckItem(session.Json.Length) is { } tooLarge)
            return tooLarge;
        sessions.Add(session);
        return null;
    }

    private static bool TryRead(JsonElement json, string roomId, string sessionId, [NotNullWhen(true)] out BackupSession? session)
    {
        session = null;
        if (json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("first_message_index"u8, out var index) || !JsonBytes.TryGetInteger(index, out var firstMessageIndex)
            || !json.TryGetProperty("forwarded_count"u8, out var count) || !JsonBytes.TryGetInteger(count, out var forwardedCount)
            || !json.TryGetProperty("is_verified"u8, out var verified) || verified.ValueKind is not (JsonValueKind.True or JsonValueKind.False)
            || !json.TryGetProperty("session_data"u8, out var data) || data.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
            return false;
        session = new BackupSession(roomId, sessionId, firstMessageIndex, forwardedCount, verified.GetBoolean(), JsonBytes.Raw(json));
        return true;
    }
}
