using System.Text.Json;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>Writes the rooms of the <c>join</c> section, a batch at a time.</summary>
internal static class JoinedRooms
{
    /// <summary>Writes the rooms of the batch that have something to tell; false if none had.</summary>
    public static async ValueTask<bool> WriteAsync(
        SyncScope scope, ChangeSet changes, ILookup<string, AccountDataRow> accountData, MembershipRow[] rows, Utf8JsonWriter writer,
        CancellationToken cancellationToken)
    {
        var storage = scope.Services.Storage;
        var limit = scope.Limit + 1;
        var withEvents = Ids(ChangeKinds.RoomEvent);
        var withReceipts = Ids(ChangeKinds.Receipt);
        var withTyping = scope.Filter.Ephemeral.AllowsType(EphemeralEvents.Typing) ? Ids(ChangeKinds.Typing) : [];
        var tails = await scope.Services.Tails.GetAsync(
            scope.WantsAllMembers ? [.. rows.Select(r => r.RoomId)] : withEvents, scope.Since.Position, scope.UpTo, limit);
        var receipts = withReceipts.Count == 0 ? null
            : (await storage.Receipts.ChangedAsync(withReceipts, scope.Since.Position, scope.UpTo, cancellationToken))
            .ToLookup(r => r.RoomId, StringComparer.Ordinal);
        var typing = withTyping.Count == 0 ? null
            : (await storage.Ephemeral.TypingChangedAsync(withTyping, scope.Since.Position, scope.UpTo, cancellationToken))
            .ToDictionary(t => t.RoomId, StringComparer.Ordinal);
        var told = false;
        foreach (var row in rows)
        {
            var tail = tails.GetValueOrDefault(row.RoomId);
            var partialUntil = tail?.PartialUntil ?? 0;
            if (scope.WantsAllMembers && partialUntil > scope.UpTo)
                continue;
            var newest = tail?.Latest(scope.Since.Position, scope.UpTo, limit) ?? [];
            var isOwnChange = row.Position > scope.Since.Position;
            // Of a room joined without its members, all that has come to be known.
            var isFilled = !scope.IsInitial && partialUntil > scope.Since.Position && partialUntil <= scope.UpTo;
            var delta = newest.Count > 0 || isOwnChange || scope.Request.FullState || isFilled
                ? await RoomDeltaReader.JoinedAsync(scope, row, newest, limit, isFilled, cancellationToken) : null;
            if (delta is not null)
                await scope.DeviceLists.AddJoinedAsync(scope, delta, cancellationToken);
            // Of a room that is new to the client, everything is news.
            var isNew = delta is { IsNew: true } && !scope.IsInitial;
            var receiptRows = isNew ? await storage.Receipts.ChangedAsync([row.RoomId], 0, scope.UpTo, cancellationToken) : receipts?[row.RoomId] ?? [];
            List<ReceiptRow> roomReceipts = [.. receiptRows.Where(r => EphemeralEvents.IsFor(scope.UserId, r))];
            var hasRead = roomReceipts.Exists(r => r.UserId == scope.UserId);
            if (hasRead)
                await scope.User.Unread.ReadReceiptsAsync(row.RoomId, cancellationToken);
            if (!scope.Filter.Ephemeral.AllowsType(EphemeralEvents.Receipt) || !scope.Filter.Ephemeral.AllowsRoom(row.RoomId))
                roomReceipts = [];
            var roomTyping = typing?.GetValueOrDefault(row.RoomId);
            var roomData = isNew
                ? (await storage.AccountData.ChangedAsync(scope.UserId, 0, scope.UpTo, cancellationToken)).Where(d => d.RoomId == row.RoomId)
                : accountData[row.RoomId];
            if ((delta is null || delta.IsEmpty) && roomReceipts.Count == 0 && !hasRead && roomTyping is null && !roomData.Any() && !scope.IsInitial &&
                !scope.Request.FullState)
                continue;
            told = true;
            var isWhole = newest.Count < limit && (tail is not null || withEvents.Count == 0);
            var unread = await scope.User.Unread.CountAsync(row, scope.UpTo, isWhole ? newest : null, scope.Since.Position, cancellationToken);
            writer.WriteStartObject(row.RoomId);
            WriteRoom(scope, writer, delta, roomReceipts, roomTyping, roomData);
            UnreadSection.Write(writer, unread, scope.Filter.Timeline.UnreadThreadNotifications);
            writer.WriteEndObject();
        }

        return told;

        List<string> Ids(ChangeKinds kind) =>
            [.. rows.Where(r => changes.Rooms.GetValueOrDefault(r.RoomId).HasFlag(kind) || (r.Position > scope.Since.Position && kind != ChangeKinds.RoomEvent))
                .Select(r => r.RoomId)];
    }

    private static void WriteRoom(
        SyncScope scope, Utf8JsonWriter writer, RoomDelta? delta, List<ReceiptRow> receipts, TypingRow? typing, IEnumerable<AccountDataRow> accountData)
    {
        if (delta?.Summary is { } summary)
            WriteSummary(writer, summary);
        if (delta is not null)
            RoomSections.WriteEvents(scope, writer, delta);
        if (receipts.Count > 0 || typing is not null || scope.IsInitial)
        {
            writer.WriteStartObject("ephemeral"u8);
            writer.WriteStartArray("events"u8);
            EphemeralEvents.WriteReceipts(writer, receipts);
            if (typing is not null)
                EphemeralEvents.WriteTyping(writer, typing, scope.Now);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        RoomSections.WriteAccountData(scope, writer, accountData, scope.Filter.RoomAccountData);
    }

    private static void WriteSummary(Utf8JsonWriter writer, RoomSummary summary)
    {
        writer.WriteStartObject("summary"u8);
        if (summary.Heroes is not null)
        {
            writer.WriteStartArray("m.heroes"u8);
            foreach (var userId in summary.Heroes)
                writer.WriteStringValue(userId);
            writer.WriteEndArray();
        }

        writer.WriteNumber("m.joined_member_count"u8, summary.Joined);
        writer.WriteNumber("m.invited_member_count"u8, summary.Invited);
        writer.WriteEndObject();
    }
}
