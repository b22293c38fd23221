using System.Text;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>What is sent to a server in one go (S-S API, Transactions).</summary>
/// <param name="Json">The body; empty if nothing that was queued is worth sending any more.</param>
/// <param name="Items">How many things of the queue are in it.</param>
/// <param name="LastPosition">Everything queued up to here is in it.</param>
/// <param name="Rooms">The unsent rooms whose newest event is in it.</param>
/// <param name="SkipPosition">As <paramref name="LastPosition"/>, of things that are in it in part only.</param>
/// <param name="Told">What the server knows of users' devices afterwards.</param>
internal sealed record OutgoingTransaction(
    ReadOnlyMemory<byte> Json, int Items, long LastPosition, long SkipPosition, IReadOnlyList<UnsentRoom> Rooms, IReadOnlyList<KeyValuePair<string, long>> Told)
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
            return new OutgoingTransaction(Write(services, [.. newest.OrderBy(e => e.Depth).Select(e => e.Json)], []), rooms.Count, 0, 0, rooms, []);
        }

        var rows = await services.Storage.Outbox.QueuedAsync(server, 0, Math.Min(MaxItems, maxItems));
        return rows.Count == 0 ? null : await new Reading(services, server).RunAsync(rows);
    }

    /// <summary>Takes out of storage what the server has now.</summary>
    public void Done(WriteUnit unit, IStorage storage, string server)
    {
        foreach (var room in Rooms)
            storage.Outbox.ForgetUnsentRoom(unit, server, room);
        if (LastPosition > 0)
            storage.Outbox.Dequeue(unit, server, LastPosition);
        foreach (var (userId, streamId) in Told)
            storage.DeviceLists.PutTold(unit, server, userId, streamId);
    }

    /// <summary>Takes out of storage what the server will never take.</summary>
    public void GiveUp(WriteUnit unit, IStorage storage, string server)
    {
        foreach (var room in Rooms)
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
                writer.WriteRawValue(json.Span, skipInputValidation: true);
            writer.WriteEndArray();
            if (edus.Count == 0)
                return;
            writer.WriteStartArray("edus"u8);
            foreach (var json in edus)
                writer.WriteRawValue(json.Span);
            writer.WriteEndArray();
        });
    }

    private sealed class Reading(RemoteServerServices services, string server)
    {
        private readonly List<ReadOnlyMemory<byte>> _pdus = [];
        private readonly List<ReadOnlyMemory<byte>> _edus = [];
        private readonly HashSet<string> _presence = new(StringComparer.Ordinal);
        private readonly OutgoingEdus _made = new(services, server);
        private int _size;

        public async Task<OutgoingTransaction> RunAsync(IReadOnlyList<OutboxRow> rows)
        {
            var events = (await services.Storage.Events.GetManyAsync([.. rows.Select(r => r.EventId).OfType<string>()]))
                .ToDictionary(e => e.EventId, e => e.Json, StringComparer.Ordinal);
            var (taken, last) = (0, 0L);
            foreach (var row in rows)
            {
                if (row.Kind == OutboxKind.Neighbours)
                {
                    // It can fill a transaction by itself, more than once.
                    if (taken > 0)
                        break;
                    var (edus, more) = await _made.NeighboursAsync(row.Topic);
                    edus.ForEach(edu => Add(_edus, edu));
                    if (!more)
                        _presence.UnionWith(await _made.PresentAsync(row));
                    if (edus.Count > 0)
                    {
                        await AddPresenceAsync();
                        return Make(1, more ? 0 : row.Position, row.Position);
                    }
                }
                else if (!await TakeAsync(row, events, rows))
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
            if (await _made.PresenceAsync(_presence) is { } presence)
                Add(_edus, presence);
        }

        private OutgoingTransaction Make(int items, long last, long skip) => new(Write(services, _pdus, _edus), items, last, skip, [], [.. _made.Told]);

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
                    return !events.TryGetValue(row.EventId!, out var pdu) || Add(_pdus, pdu);
                case OutboxKind.Presence:
                    _presence.Add(row.Topic);
                    return true;
                case OutboxKind.Device when !rows.Any(
                    r => r.Position > row.Position && r.Kind == row.Kind && r.Topic == row.Topic && r.Body!.Value.Span.SequenceEqual(row.Body!.Value.Span)):
                    return await _made.DeviceAsync(row.Topic, Encoding.UTF8.GetString(row.Body!.Value.Span), row.Position) is not { } device ||
                        Add(_edus, device);
                case OutboxKind.CrossSigning when !rows.Any(r => r.Position > row.Position && r.Kind == row.Kind && r.Topic == row.Topic):
                    return await _made.CrossSigningAsync(row.Topic) is not { } keys || Add(_edus, keys);
                case OutboxKind.Ephemeral or OutboxKind.ToDevice:
                    return Add(_edus, row.Body!.Value);
                default:
                    return true;
            }
        }

        private bool Add(List<ReadOnlyMemory<byte>> list, ReadOnlyMemory<byte> json)
        {
            if (_size > 0 && _size + json.Length > MaxBytes)
                return false;
            list.Add(json);
            _size += json.Length;
            return true;
        }
    }
}
