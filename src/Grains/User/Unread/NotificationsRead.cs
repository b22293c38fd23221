using System.Globalization;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary><c>GET /notifications</c>: the events that notified the user, newest first. They are found anew from events and push rules.</summary>
internal sealed class NotificationsRead(UserState user, Requester requester, CancellationToken cancellationToken)
{
    /// <summary>Events looked at in each room for one page.</summary>
    private const int PerRoom = 100;

    /// <exception cref="OperationCanceledException">Who asked has gone.</exception>
    public async Task<Outcome<ReadOnlyMemory<byte>>> ReadAsync(string? from, int limit, string? only)
    {
        var upTo = long.MaxValue;
        if (!string.IsNullOrEmpty(from) && !long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out upTo))
            return MatrixError.InvalidParam("Not a token of this endpoint");
        var snapshot = await user.Memberships.RefreshAsync(cancellationToken);
        await user.Settings.RefreshAsync(cancellationToken);
        var joined = snapshot.Joined.ToDictionary(r => r.RoomId, StringComparer.Ordinal);
        var events = joined.Count == 0 ? null
            : await user.Services.Storage.Events.LatestLiveAsync(joined.Keys, 0, Math.Min(upTo, snapshot.Position), PerRoom, cancellationToken);
        var receipts = (await user.Services.Storage.Receipts.OfUserAsync(user.UserId, null, cancellationToken)).ToLookup(r => r.RoomId, StringComparer.Ordinal);

        // A room with more events than were read is known only down to its oldest one: the page ends there.
        var floor = 0L;
        var found = new List<(EventRow Row, JsonElement Actions, bool Read, RoomReader Reader)>();
        foreach (var room in events ?? Enumerable.Empty<IGrouping<string, EventRow>>())
        {
            var rows = room.ToList();
            if (rows.Count == PerRoom)
                floor = Math.Max(floor, rows.Min(r => r.Position));
            await JudgeAsync(joined[room.Key], rows, receipts[room.Key], only == "highlight", found);
        }

        found.RemoveAll(f => f.Row.Position < floor);
        found.Sort((a, b) => b.Row.Position.CompareTo(a.Row.Position));
        var page = found.Take(limit).ToList();
        var next = found.Count > limit ? page[^1].Row.Position - 1 : floor - 1;
        using var json = new PooledJson();
        var writer = json.Writer;
        writer.WriteStartObject();
        writer.WriteStartArray("notifications"u8);
        foreach (var (row, actions, read, reader) in page)
        {
            var renderer = reader.Renderer();
            await renderer.PrepareAsync([row], reader.Visibility, previous: false, cancellationToken);
            writer.WriteStartObject();
            writer.WritePropertyName("actions"u8);
            actions.WriteTo(writer);
            writer.WritePropertyName("event"u8);
            renderer.Write(writer, row);
            writer.WriteNull("profile_tag"u8);
            writer.WriteBoolean("read"u8, read);
            writer.WriteString("room_id"u8, row.RoomId);
            writer.WriteNumber("ts"u8, row.OriginServerTs);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (next > 0)
            writer.WriteString("next_token"u8, next.ToString(CultureInfo.InvariantCulture));
        writer.WriteEndObject();
        return new ReadOnlyMemory<byte>(json.ToArray());
    }

    /// <summary>Unread notifications over all rooms.</summary>
    public static async Task<UnreadCounts> CountAsync(UserState user)
    {
        var snapshot = await user.Memberships.RefreshAsync(CancellationToken.None);
        await user.Settings.RefreshAsync(CancellationToken.None);
        var (rooms, notifications) = (0, 0);
        foreach (var row in snapshot.Joined)
        {
            await user.Unread.ReadReceiptsAsync(row.RoomId, CancellationToken.None);
            var count = (await user.Unread.CountAsync(row, snapshot.Position, null, 0, CancellationToken.None)).Events.Count;
            rooms += count > 0 ? 1 : 0;
            notifications += count;
        }

        return new UnreadCounts(rooms, notifications);
    }

    private async ValueTask JudgeAsync(
        MembershipRow member, List<EventRow> rows, IEnumerable<ReceiptRow> receipts, bool highlightsOnly,
        List<(EventRow Row, JsonElement Actions, bool Read, RoomReader Reader)> found)
    {
        if (await RoomReader.FindAsync(user.Services.Read, member.RoomId, requester) is not { } reader)
            return;
        var unread = new RoomUnread();
        unread.Read(receipts);
        var judge = new PushJudge(reader.Room, user.Settings.PushRules, member, unread.Facts);
        foreach (var row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (row.StateKey is null && user.Settings.Ignored.Contains(row.Sender))
                continue;
            if (await judge.JudgeAsync(row, cancellationToken) is { } notified && (notified.Event.Highlight || !highlightsOnly) &&
                await reader.Visibility.CanSeeAsync(row))
                found.Add((row, notified.Actions, unread.Covers(notified.Event), reader));
        }
    }
}
