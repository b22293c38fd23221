using System.Globalization;
using System.Text;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>What is sent to a server in one go (S-S API, Transactions).</summary>
/// <param name="Json">The body; empty if nothing that was queued is worth sending any more.</param>
/// <param name="Items">How many things of the queue are in it.</param>
/// <param name="LastPosition">Everything queued up to here is in it.</param>
/// <param name="Rooms">The unsent rooms whose newest event is in it.</param>
/// <param name="SkipPosition">As <paramref name="LastPosition"/>, of things that are in it in part only.</param>
/// <param name="Told">What the server knows of users' devices afterwards.</param>
/// <param name="What">The first thing in it, for the log.</param>
internal sealed record OutgoingTransaction(
    ReadOnlyMemory<byte> Json, int Items, long LastPosition, long SkipPosition, IReadOnlyList<UnsentRoom> Rooms, IReadOnlyList<KeyValuePair<string, long>> Told,
    string What)
{
    private const int MaxPdus = 50;
    private const int MaxEdus = 100;

    // Far below what other servers take, unless a single EDU is larger.
    private const int MaxBytes = 4 * 1024 * 1024;

    // More than an EDU that is made here can have.
    private const int MaxMade = 256 * 1024;

    /// <summary>The most that a transaction holds.</summary>
    public const int MaxItems = MaxPdus + MaxEdus;

    /// <summary>
    /// What comes next: the newest events of the rooms that fell out of the queue, else the longest beginning of the queue that a transaction may hold; null if
    /// nothing waits.
    /// </summary>
    public static async Task<OutgoingTransaction?> ReadAsync(RemoteServerServices services, string server, int maxItems)
    {
        if (await services.Storage.Outbox.UnsentRoomsAsync(server, Math.Min(MaxPdus, maxItems)) is { Count: > 0 } rooms)
        {
            var newest = await services.Storage.Events.GetManyAsync([.. rooms.Select(r => r.EventId)]);
            var readable = newest.Where(e => IsReadable(services, server, $"{OutboxKind.Pdu} {e.EventId}", e.Json));
            var body = Write(services, [.. readable.OrderBy(e => e.Depth).Select(e => e.Json)], []);
            return new OutgoingTransaction(body, rooms.Count, 0, 0, rooms, [], $"{OutboxKind.Pdu} {rooms[0].EventId}");
        }

        var rows = await services.Storage.Outbox.QueuedAsync(server, 0, Math.Min(MaxItems, maxItems));
        return rows.Count == 0 ? null : await new Reading(services, server).RunAsync(rows);
    }

    /// <summary>Takes out of storage what the server has now.</summary>
    public void Done(WriteUnit unit, IStorage storage, string server)
    {
        foreach (var room in Rooms.OrderBy(static room => room.RoomId, StringComparer.Ordinal))
            storage.Outbox.ForgetUnsentRoom(unit, server, room);
        if (LastPosition > 0)
            storage.Outbox.Dequeue(unit, server, LastPosition);
        foreach (var (userId, streamId) in Told)
            storage.DeviceLists.PutTold(unit, server, userId, streamId);
    }

    /// <summary>Takes out of storage what the server will never take.</summary>
    public void GiveUp(WriteUnit unit, IStorage storage, string server)
    {
        foreach (var room in Rooms.OrderBy(static room => room.RoomId, StringComparer.Ordinal))
            storage.Outbox.ForgetUnsentRoom(unit, server, room);
        if (SkipPosition > 0)
            storage.Outbox.Dequeue(unit, server, SkipPosition);

        // The next update of a user's devices is as the first one, so that the server asks for all of them.
        foreach (var (userId, _) in Told)
            storage.DeviceLists.PutTold(unit, server, userId, 0);
    }

    private static ReadOnlyMemory<byte> Write(RemoteServerServices services, List<ReadOnlyMemory<byte>> pdus, List<ReadOnlyMemory<byte>> edus)
    {
        if (pdus.Count == 0 && edus.Count == 0)
            return default;
        return JsonBytes.Object(writer =>
        {
            writer.WriteString("origin"u8, services.Server.Name.Value);
            writer.WriteNumber("origin_server_ts"u8, services.Now);
            writer.WriteStartArray("pdus"u8);
            foreach (var json in pdus)
                writer.WriteRaw(json.Span);
            writer.WriteEndArray();
            if (edus.Count == 0)
                return;
            writer.WriteStartArray("edus"u8);
            foreach (var json in edus)
                writer.WriteRaw(json.Span);
            writer.WriteEndArray();
        });
    }

    private static bool IsReadable(RemoteServerServices services, string server, string what, ReadOnlyMemory<byte> json)
    {
        if (JsonText.IsReadable(json.Span) && json.Span[0] == '{')
            return true;
        RemoteServerLog.Unreadable(services.Logger, server, what, null);
        return false;
    }

    private static string Describe(OutboxRow row) =>
        string.Create(CultureInfo.InvariantCulture, $"{row.Kind} {row.EventId ?? row.Topic} at position {row.Position}");

    private sealed class Reading(RemoteServerServices services, string server)
    {
        private readonly List<ReadOnlyMemory<byte>> _pdus = [];
        private readonly List<ReadOnlyMemory<byte>> _edus = [];
        private readonly HashSet<string> _presence = new(StringComparer.Ordinal);
        private readonly OutgoingEdus _made = new(services, server);
        private int _size;
        private string _what = "";

        public async Task<OutgoingTransaction> RunAsync(IReadOnlyList<OutboxRow> rows)
        {
            var events = (await services.Storage.Events.GetManyAsync([.. rows.Select(r => r.EventId).OfType<string>()]))
                .ToDictionary(e => e.EventId, e => e.Json, StringComparer.Ordinal);
            var (taken, last) = (0, 0L);
            _what = Describe(rows[0]);
            foreach (var row in rows)
            {
                if (row.Kind == OutboxKind.Neighbours)
                {
                    // It can fill a transaction by itself, more than once.
                    if (taken > 0)
                        break;
                    _what = Describe(row);
                    var (edus, more) = await _made.NeighboursAsync(row.Topic);
                    edus.ForEach(edu => Add(_edus, edu, row));
                    if (!more)
                        _presence.UnionWith(await _made.PresentAsync(row));
                    if (edus.Count > 0)
                    {
                        await AddPresenceAsync();
                        return Make(1, more ? 0 : row.Position, row.Position);
                    }
                }
                else if (!await TakeOrDropAsync(row, events, rows))
                {
                    break;
                }

                taken++;
                last = row.Position;
            }

            await AddPresenceAsync();
            return Make(taken, last, last);
        }

        private async Task AddPresenceAsync()
        {
            if (await _made.PresenceAsync(_presence) is { } presence && IsReadable(services, server, nameof(OutboxKind.Presence), presence))
                _edus.Add(presence);
        }

        private OutgoingTransaction Make(int items, long last, long skip) => new(Write(services, _pdus, _edus), items, last, skip, [], [.. _made.Told], _what);

        /// <summary>As <see cref="TakeAsync"/>; what cannot be made of what is stored is left out, so that what is behind it goes on.</summary>
        private async Task<bool> TakeOrDropAsync(OutboxRow row, Dictionary<string, ReadOnlyMemory<byte>> events, IReadOnlyList<OutboxRow> rows)
        {
            try
            {
                return await TakeAsync(row, events, rows);
            }
            catch (Exception fault) when (Grains.Unreadable.Is(fault))
            {
                RemoteServerLog.Unreadable(services.Logger, server, Describe(row), fault);
                return true;
            }
        }

        /// <summary>False if the row has no place any more.</summary>
        private async Task<bool> TakeAsync(OutboxRow row, Dictionary<string, ReadOnlyMemory<byte>> events, IReadOnlyList<OutboxRow> rows)
        {
            // One place is kept for presence.
            if (row.Kind == OutboxKind.Pdu ? _pdus.Count == MaxPdus : _edus.Count == MaxEdus - 1)
                return false;
            if (row.Kind is OutboxKind.Device or OutboxKind.CrossSigning && _size > MaxBytes - MaxMade)
                return false;
            switch (row.Kind)
            {
                case OutboxKind.Pdu:
                    return !events.TryGetValue(row.EventId!, out var pdu) || Add(_pdus, pdu, row);
                case OutboxKind.Presence:
                    _presence.Add(row.Topic);
                    return true;
                case OutboxKind.Device when !rows.Any(
                    r => r.Position > row.Position && r.Kind == row.Kind && r.Topic == row.Topic && r.Body!.Value.Span.SequenceEqual(row.Body!.Value.Span)):
                    return await _made.DeviceAsync(row.Topic, Encoding.UTF8.GetString(row.Body!.Value.Span), row.Position) is not { } device ||
                        Add(_edus, device, row);
                case OutboxKind.CrossSigning when !rows.Any(r => r.Position > row.Position && r.Kind == row.Kind && r.Topic == row.Topic):
                    return await _made.CrossSigningAsync(row.Topic) is not { } keys || Add(_edus, keys, row);
                case OutboxKind.Ephemeral or OutboxKind.ToDevice:
                    return Add(_edus, row.Body!.Value, row);
                default:
                    return true;
            }
        }

        private bool Add(List<ReadOnlyMemory<byte>> list, ReadOnlyMemory<byte> json, OutboxRow row)
        {
            if (!IsReadable(services, server, Describe(row), json))
                return true;
            if (_size > 0 && _size + json.Length > MaxBytes)
                return false;
            list.Add(json);
            _size += json.Length;
            return true;
        }
    }
}
