using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>Finds what a user's push gateways are to be told: events that notify the user and that it has not read, and invitations.</summary>
internal sealed class PushReader(UserState user)
{
    /// <summary>Events of one room that are looked at; of more only the newest are told.</summary>
    private const int PerRoom = 100;

    private IStorage Storage => user.Services.Storage;

    /// <summary>The badge as of now.</summary>
    public async Task<int> CountBadgeAsync() =>
        await user.Badge.CountAsync(await user.Memberships.RefreshAsync(CancellationToken.None), CancellationToken.None);

    /// <summary>The oldest behind a position of the stream.</summary>
    public async Task<PendingPushes> ReadAsync(long after, int limit)
    {
        var snapshot = await user.Memberships.RefreshAsync(CancellationToken.None);
        var badge = await user.Badge.CountAsync(snapshot, CancellationToken.None);
        var rooms = user.Badge.Rooms.Where(roomId => snapshot.Rows.ContainsKey(roomId) && UnreadOf(roomId, after, snapshot.Position).Any())
            .ToDictionary(static roomId => roomId, roomId => snapshot.Rows[roomId], StringComparer.Ordinal);
        var events = rooms.Count == 0 ? null : await Storage.Events.LatestLiveAsync(rooms.Keys, after, snapshot.Position, PerRoom);
        var found = new List<(long Position, MembershipRow Member, EventRow? Row)>();
        foreach (var room in events ?? Enumerable.Empty<IGrouping<string, EventRow>>())
        {
            var unread = UnreadOf(room.Key, after, snapshot.Position).ToHashSet();
            found.AddRange(room.Where(row => unread.Contains(row.Position)).Select(row => (row.Position, rooms[room.Key], (EventRow?)row)));
        }

        foreach (var invite in snapshot.Rows.Values.Where(IsNewInvite))
            found.Add((invite.Position, invite, await Storage.Events.GetAsync(invite.EventId)));

        var page = found.OrderBy(static item => item.Position).Take(limit).ToList();
        var items = ImmutableArray.CreateBuilder<PendingPush>();
        foreach (var (position, member, row) in page)
        {
            if (await PushOfAsync(position, member, row) is { } push)
                items.Add(push);
        }

        var hasMore = found.Count > limit;
        return new PendingPushes(items.ToImmutable(), hasMore ? page[^1].Position : snapshot.Position, hasMore, badge);

        bool IsNewInvite(MembershipRow row) => row.Membership == Membership.Invite && row.Position > after && row.Position <= snapshot.Position
            && !user.Settings.Ignored.Contains(row.Sender);
    }

    // A live event stands in its room's history at its position of the stream.
    private IEnumerable<long> UnreadOf(string roomId, long after, long upTo) =>
        user.Unread.Find(roomId)?.Events.Where(unread => unread.Order.Anchor > after && unread.Order.Anchor <= upTo)
            .Select(static unread => unread.Order.Anchor) ?? [];

    private async ValueTask<PendingPush?> PushOfAsync(long position, MembershipRow member, EventRow? row)
    {
        if (row is not null && await RoomView.OpenAsync(user.Services.Read, member.RoomId) is { } room)
        {
            if (row.RedactedBy is not null || !room.IsReadable(row))
                return null;
            var summary = await Storage.Rooms.GetSummaryAsync(member.RoomId);
            var levels = row.StateBefore is { } state ? await room.Services.Levels.AtAsync(room, state, CancellationToken.None)
                : PowerLevels.Of(room.Version, null, null);
            var sender = await Storage.Memberships.GetAsync(member.RoomId, row.Sender);
            return Judge(position, member, room.Parse(row), summary?.JoinedMembers ?? 0, levels, summary?.Name ?? summary?.CanonicalAlias, sender?.DisplayName);
        }

        // An invitation to a room of other servers, of which there is no more than they told with it.
        if (row is null || !RoomVersion.TryGet(member.RoomVersion, out var version) || !Pdu.TryFromStored(row.Json, version, row.EventId, out var invite))
            return null;
        var told = InviteState.Read(member.Stripped);
        return Judge(position, member, invite, 0, PowerLevels.Of(version, null, null), told.Name, told.DisplayNameOf(member.Sender));
    }

    private PendingPush? Judge(long position, MembershipRow member, Pdu pdu, int joined, PowerLevels levels, string? roomName, string? senderName)
    {
        if (user.Settings.PushRules.Evaluate(new PushEvent(pdu, joined, levels), member.DisplayName) is not { Actions: { Notify: true } actions })
            return null;
        var json = JsonBytes.Object(writer =>
        {
            writer.WriteString("event_id"u8, pdu.EventId);
            writer.WriteString("room_id"u8, member.RoomId);
            writer.WriteString("type"u8, pdu.Type);
            writer.WriteString("sender"u8, pdu.Sender);
            if (senderName is not null)
                writer.WriteString("sender_display_name"u8, senderName);
            if (roomName is not null)
                writer.WriteString("room_name"u8, roomName);
            if (pdu.Type == EventTypes.Member)
            {
                writer.WriteBoolean("user_is_target"u8, pdu.StateKey == user.UserId);
                writer.WriteString("membership"u8, pdu.Membership);
            }

            writer.WritePropertyName("content"u8);
            writer.WriteRaw(pdu.ContentJson.Span);
        });
        return new PendingPush(position, pdu.EventId, member.RoomId, json, Tweaks(actions), actions.Sound is not null || actions.Highlight);
    }

    private static byte[] Tweaks(PushActions actions)
    {
        using var json = new PooledJson();
        actions.WriteTweaks(json.Writer);
        return json.ToArray();
    }
}
