using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>The deprecated <c>GET /events</c> and <c>GET /initialSync</c>.</summary>
internal static class OldSync
{
    private const int MaxEvents = 100;
    private static readonly TimeSpan s_maxWait = TimeSpan.FromMinutes(5);

    /// <summary>
    /// What happened after a token, oldest first; waits for something to happen. With a room id also of a world-readable room that the user is not in.
    /// </summary>
    public static async Task<Outcome<ReadOnlyMemory<byte>>> EventsAsync(UserState user, OldEventsRequest request, CancellationToken cancellationToken)
    {
        if (!HistoryToken.Parse(request.From).TryGet(out var from, out var error))
            return error;
        if (request.RoomId is { } peeked && !(await RoomReader.OpenAsync(user.Services.Read, peeked, request.Requester)).TryGet(out _, out error))
            return error;
        var services = user.Services;
        await services.CatchUpAsync(cancellationToken);
        var since = from?.Anchor ?? await services.Hub.CatchUpAsync(cancellationToken);
        var started = services.Time.GetTimestamp();
        var timeout = TimeSpan.FromMilliseconds(Math.Clamp(request.TimeoutMs, 0, (long)s_maxWait.TotalMilliseconds));
        using var watcher = services.Hub.Watch(user.UserId);
        while (true)
        {
            var snapshot = await user.Memberships.RefreshAsync(cancellationToken);
            await user.Settings.RefreshAsync(cancellationToken);
            HashSet<string> rooms = request.RoomId is { } only ? [only] : [.. snapshot.Joined.Select(r => r.RoomId)];
            watcher.SetRooms(rooms);
            using var json = new PooledJson();
            var told = await WriteEventsAsync(user, request, rooms, Math.Min(since, snapshot.Position), snapshot.Position, json.Writer, cancellationToken);
            var left = timeout - services.Time.GetElapsedTime(started);
            if (told || left <= TimeSpan.Zero || cancellationToken.IsCancellationRequested)
                return new ReadOnlyMemory<byte>(json.ToArray());
            await watcher.WaitAsync(snapshot.Position, left, services.Time, cancellationToken);
        }
    }

    public static async Task<Outcome<ReadOnlyMemory<byte>>> InitialSyncAsync(UserState user, Requester requester, int limit, bool archived)
    {
        await user.Services.CatchUpAsync(CancellationToken.None);
        var snapshot = await user.Memberships.RefreshAsync(CancellationToken.None);
        var storage = user.Services.Storage;

        // A room joined without its members is told of once they are known (ADR 0135).
        var ends = await storage.PartialRooms.EndsAsync([.. snapshot.Joined.Select(r => r.RoomId)]);
        using var json = new PooledJson();
        var writer = json.Writer;
        writer.WriteStartObject();
        writer.WriteString("end"u8, new SyncToken(snapshot.Position, snapshot.Position).ToString());
        writer.WriteStartArray("rooms"u8);
        foreach (var row in snapshot.Rows.Values)
        {
            if (row.Forgotten || (row.Membership is Membership.Leave or Membership.Ban && !archived) || ends.GetValueOrDefault(row.RoomId) > snapshot.Position)
                continue;
            if (await RoomReader.FindAsync(user.Services.Read, row.RoomId, requester) is { Visibility.IsMember: true } reader)
                await InitialSyncRead.WriteRoomAsync(reader, limit, writer);
            else if (row.Membership == Membership.Invite)
                WriteInvite(writer, row);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("presence"u8);
        foreach (var row in await storage.Ephemeral.PresenceAsync(await storage.Memberships.SharingRoomAsync(user.UserId)))
            PresenceSection.WriteEvent(writer, row, user.Services.Read.Now);
        writer.WriteEndArray();
        writer.WriteStartArray("account_data"u8);
        var data = (await storage.AccountData.ChangedAsync(user.UserId, 0, snapshot.Position)).Where(r => r.RoomId.Length == 0);
        foreach (var row in AccountDataEvents.Readable(data, user.Services.Read))
            AccountDataEvents.Write(writer, row);

        writer.WriteEndArray();
        writer.WriteEndObject();
        return new ReadOnlyMemory<byte>(json.ToArray());
    }

    private static void WriteInvite(Utf8JsonWriter writer, MembershipRow row)
    {
        writer.WriteStartObject();
        writer.WriteString("room_id"u8, row.RoomId);
        writer.WriteString("membership"u8, row.Membership);
        writer.WriteString("inviter"u8, row.Sender);
        writer.WriteStartObject("invite"u8);
        writer.WriteString("type"u8, EventTypes.Member);
        writer.WriteString("event_id"u8, row.EventId);
        writer.WriteString("room_id"u8, row.RoomId);
        writer.WriteString("sender"u8, row.Sender);
        writer.WriteString("state_key"u8, row.UserId);
        writer.WriteStartObject("content"u8);
        writer.WriteString("membership"u8, row.Membership);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static async ValueTask<bool> WriteEventsAsync(
        UserState user, OldEventsRequest request, HashSet<string> rooms, long since, long upTo, Utf8JsonWriter writer, CancellationToken cancellationToken)
    {
        var storage = user.Services.Storage;
        var rows = rooms.Count == 0 ? []
            : (await storage.Events.LatestLiveAsync(rooms, since, upTo, MaxEvents, cancellationToken)).SelectMany(g => g).OrderBy(r => r.Position).ToList();
        // What does not fit is told next time.
        var end = rows.Count > MaxEvents ? rows[MaxEvents - 1].Position : upTo;
        var told = false;
        writer.WriteStartObject();
        writer.WriteString("start"u8, new SyncToken(since, since).ToString());
        writer.WriteString("end"u8, new SyncToken(end, end).ToString());
        writer.WriteStartArray("chunk"u8);
        foreach (var room in rows.Where(r => r.Position <= end).GroupBy(r => r.RoomId, StringComparer.Ordinal))
        {
            if (await RoomReader.FindAsync(user.Services.Read, room.Key, request.Requester) is not { } reader)
                continue;
            var visible = await reader.Visibility.FilterAsync(
                [.. room.Where(r => r.StateKey is not null || !user.Settings.Ignored.Contains(r.Sender))], cancellationToken);
            var renderer = reader.Renderer();
            await renderer.PrepareAsync(visible, reader.Visibility, previous: true, cancellationToken);
            foreach (var row in visible)
                renderer.Write(writer, row);
            told |= visible.Count > 0;
        }

        var live = await SeeingEphemeralAsync(user, request, rooms, cancellationToken);
        foreach (var room in (await storage.Receipts.ChangedAsync(live, since, end, cancellationToken)).Where(r => EphemeralEvents.IsFor(user.UserId, r))
            .GroupBy(r => r.RoomId))
        {
            EphemeralEvents.WriteReceipts(writer, room, room.Key);
            told = true;
        }

        foreach (var row in await storage.Ephemeral.TypingChangedAsync(live, since, end, cancellationToken))
        {
            EphemeralEvents.WriteTyping(writer, row, user.Services.Read.Now, row.RoomId);
            told = true;
        }

        foreach (var row in await PresenceAsync(user, since, end, cancellationToken))
        {
            PresenceSection.WriteEvent(writer, row, user.Services.Read.Now);
            told = true;
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        return told;
    }

    // The one room that is asked for may be one that the user has left, or was banned from while this waited.
    private static async ValueTask<HashSet<string>> SeeingEphemeralAsync(
        UserState user, OldEventsRequest request, HashSet<string> rooms, CancellationToken cancellationToken) =>
        request.RoomId is not { } only || (await RoomReader.FindAsync(user.Services.Read, only, request.Requester) is { } reader &&
            await reader.Visibility.SeesEphemeralAsync(cancellationToken)) ? rooms : [];

    private static async ValueTask<IReadOnlyList<PresenceRow>> PresenceAsync(UserState user, long since, long upTo, CancellationToken cancellationToken)
    {
        var changed = await user.Services.Storage.Ephemeral.PresenceChangedAsync(since, upTo, cancellationToken);
        if (changed.Count == 0)
            return [];
        var sharing = await user.Services.Storage.Memberships.SharingRoomAsync(user.UserId, cancellationToken);
        return [.. changed.Where(p => sharing.Contains(p.UserId))];
    }
}
