using System.Text.Json;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Sync;

/// <summary>Builds the answer for one evaluation of a sync request.</summary>
internal sealed class SyncBuilder(SyncScope scope, CancellationToken cancellationToken)
{
    // Of rooms that are read at once, and of their events, which may be large.
    private const int RoomsAtOnce = 50, EventsAtOnce = 300;
    private readonly ChangeSet _changes = new();
    private bool _told;

    private IStorage Storage => scope.Services.Storage;
    private UserState User => scope.User;

    /// <summary>Writes the answer. False if it tells nothing but the next token.</summary>
    public async ValueTask<bool> WriteAsync(Utf8JsonWriter writer)
    {
        await CollectAsync();
        writer.WriteStartObject();
        var accountData = await AccountDataAsync();
        WriteAccountData(writer, accountData[""], scope.Filter.AccountData);
        writer.WriteStartObject("rooms"u8);
        await WriteJoinedAsync(writer, accountData);
        await WriteLeftAsync(writer, accountData);
        WriteInvites(writer, Membership.Invite, "invite"u8, "invite_state"u8);
        WriteInvites(writer, Membership.Knock, "knock"u8, "knock_state"u8);
        writer.WriteEndObject();
        var toDevice = await DeviceSections.WriteAsync(scope, _changes, writer, cancellationToken);
        _told |= toDevice.Told;
        _told |= await PresenceSection.WriteAsync(scope, _changes, writer, cancellationToken);
        writer.WriteString("next_batch"u8, new SyncToken(scope.UpTo, toDevice.UpTo).ToString());
        writer.WriteEndObject();
        return _told;
    }

    private async ValueTask CollectAsync()
    {
        if (!scope.IsInitial && User.Watcher.TryCollect(scope.Since.Position, scope.UpTo, _changes))
            return;

        // Older than what the hub remembers: everything may have changed, but for the events storage knows better.
        var joined = scope.Rooms.Joined.Select(r => r.RoomId).ToList();
        var changed = scope.IsInitial ? joined : await Storage.Rooms.ChangedSinceAsync(joined, scope.Since.Position, cancellationToken);
        foreach (var roomId in joined)
            _changes.AddRoom(roomId, ChangeKinds.Receipt | ChangeKinds.Typing);
        foreach (var roomId in changed)
            _changes.AddRoom(roomId, ChangeKinds.RoomEvent);
        _changes.Own = (ChangeKinds)~0;
        _changes.DeviceLists.UnionWith(await Storage.Keys.DeviceListChangesAsync(scope.Since.Position, scope.UpTo, scope.UserId, cancellationToken));
        if (scope.Filter.Presence is { IsClosed: false } && !scope.IsInitial)
            _changes.Presence.UnionWith(
                (await Storage.Ephemeral.PresenceChangedAsync(scope.Since.Position, scope.UpTo, cancellationToken)).Select(p => p.UserId));
    }

    /// <summary>Changed account data by room (empty: global); all of it for rooms that are new to the client.</summary>
    private async ValueTask<ILookup<string, AccountDataRow>> AccountDataAsync()
    {
        IReadOnlyList<AccountDataRow> rows = [];
        if (_changes.Own.HasFlag(ChangeKinds.AccountData))
        {
            await scope.Memory.EnterForBytesAsync((await Storage.AccountData.SizeAsync(scope.UserId, cancellationToken)).Bytes, cancellationToken);
            rows = await Storage.AccountData.ChangedAsync(scope.UserId, scope.Since.Position, scope.UpTo, cancellationToken);
        }

        // Push rules are always there, and clients rely on it.
        if (scope.IsInitial && !rows.Any(r => r is { RoomId: "", Type: UserAccountData.PushRules }))
            rows = [.. rows, new AccountDataRow(scope.UserId, "", UserAccountData.PushRules, PooledJson.Build(User.Settings.PushRules.WriteTo), 0)];
        return rows.ToLookup(r => r.RoomId, StringComparer.Ordinal);
    }

    private async ValueTask WriteJoinedAsync(Utf8JsonWriter writer, ILookup<string, AccountDataRow> accountData)
    {
        var all = scope.IsInitial || scope.Request.FullState;
        var rows = new List<MembershipRow>();
        if (all)
        {
            rows.AddRange(scope.Rooms.Joined);
        }
        else
        {
            var ids = new HashSet<string>(_changes.Rooms.Keys, StringComparer.Ordinal);
            ids.UnionWith(accountData.Select(g => g.Key));
            if (_changes.Own.HasFlag(ChangeKinds.Membership))
                ids.UnionWith(scope.Rooms.Joined.Where(r => r.Position > scope.Since.Position).Select(r => r.RoomId));
            foreach (var id in ids)
            {
                if (scope.Rooms.Rows.TryGetValue(id, out var row) && row.Membership == Membership.Join)
                    rows.Add(row);
            }
        }

        rows.RemoveAll(r => !scope.Filter.AllowsRoom(r.RoomId));
        if (rows.Count == 0)
            return;
        if (rows.Count * (scope.Limit + 1) > EventsAtOnce)
            await scope.Memory.EnterAsync(cancellationToken);
        writer.WriteStartObject("join"u8);
        foreach (var batch in rows.Chunk(Math.Clamp(EventsAtOnce / (scope.Limit + 1), 1, RoomsAtOnce)))
            _told |= await JoinedRooms.WriteAsync(scope, _changes, accountData, batch, writer, cancellationToken);
        writer.WriteEndObject();
    }

    private async ValueTask WriteLeftAsync(Utf8JsonWriter writer, ILookup<string, AccountDataRow> accountData)
    {
        List<MembershipRow>? left = null;
        foreach (var row in scope.Rooms.Rows.Values)
        {
            if (row is not { Membership: Membership.Leave or Membership.Ban, Forgotten: false } || !scope.Filter.AllowsRoom(row.RoomId))
                continue;
            if (row.Position > scope.Since.Position && !scope.IsInitial || (scope.Filter.IncludeLeave && (scope.IsInitial || scope.Request.FullState)))
                (left ??= []).Add(row);
        }

        if (left is null)
            return;
        writer.WriteStartObject("leave"u8);
        foreach (var row in left)
        {
            _told = true;
            if (await RoomDeltaReader.LeftAsync(scope, row, cancellationToken) is not { } delta)
            {
                WriteUnknownRoom(writer, row);
                continue;
            }

            await scope.DeviceLists.AddLeftAsync(scope, delta, cancellationToken);
            writer.WriteStartObject(row.RoomId);
            RoomSections.WriteEvents(scope, writer, delta);
            WriteAccountData(writer, accountData[row.RoomId], scope.Filter.RoomAccountData);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// An invite of a room that this server is not in was refused or taken back: there is nothing to tell but that, by the event that was kept with it.
    /// </summary>
    private void WriteUnknownRoom(Utf8JsonWriter writer, MembershipRow row)
    {
        writer.WriteStartObject(row.RoomId);
        foreach (var section in (ReadOnlySpan<string>)[scope.Request.UseStateAfter ? "state_after" : "state", "timeline"])
        {
            writer.WriteStartObject(section);
            writer.WritePropertyName("events"u8);
            writer.WriteRaw(section == "timeline" ? StrippedOf(row).Span : "[]"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void WriteInvites(Utf8JsonWriter writer, string membership, ReadOnlySpan<byte> section, ReadOnlySpan<byte> stateName)
    {
        var open = false;
        foreach (var row in scope.Rooms.Rows.Values)
        {
            if (row.Membership != membership || row.Position <= scope.Since.Position || !scope.Filter.AllowsRoom(row.RoomId) ||
                User.Settings.Ignored.Contains(row.Sender))
                continue;
            if (!open)
                writer.WriteStartObject(section);
            open = _told = true;
            writer.WriteStartObject(row.RoomId);
            writer.WriteStartObject(stateName);
            writer.WritePropertyName("events"u8);
            writer.WriteRaw(StrippedOf(row).Span);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        if (open)
            writer.WriteEndObject();
    }

    private ReadOnlyMemory<byte> StrippedOf(MembershipRow row) =>
        row.Stripped is { Length: > 0 } stripped && scope.Services.Read.IsReadable(stripped, $"The {row.Membership} of {row.RoomId}", row.UserId, isList: true)
            ? stripped : "[]"u8.ToArray();

    private void WriteAccountData(Utf8JsonWriter writer, IEnumerable<AccountDataRow> rows, EventFilter filter) =>
        _told |= RoomSections.WriteAccountData(scope, writer, rows, filter);
}
