using System.Text;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Grains.Tests.Reading;

/// <summary>Writes a room's events into storage, one commit each, as the room grain does, but without any rules.</summary>
internal sealed class TestRoom
{
    private static readonly SigningKey s_key = SigningKey.Generate(new SeededRandom());
    private readonly IStorage _storage;
    private readonly TimeProvider _time;
    private readonly PendingStateNodes _pending;
    private readonly StateMap _states;
    private readonly Dictionary<string, string> _memberships = [];
    private string _last = "";
    private long _depth;

    private TestRoom(IStorage storage, StateNodeCache nodes, TimeProvider time, string id)
    {
        (_storage, _time, Id) = (storage, time, id);
        _pending = new PendingStateNodes(nodes);
        _states = new StateMap(nodes, _pending);
    }

    public string Id { get; }
    public StateNodeId State { get; private set; } = StateNodeId.Empty;

    /// <summary>A room with create, the creator's join, power levels and join rules: four events.</summary>
    public static async Task<TestRoom> CreateAsync(ReadServer server, string creator, string id = "!room:x")
    {
        var room = new TestRoom(server.Storage, server.Nodes, server.Time, id);
        await room.SetAsync(creator, "m.room.create", "", """{"room_version":"11"}""");
        await room.JoinAsync(creator);
        await room.SetAsync(creator, "m.room.power_levels", "", "{}");
        await room.SetAsync(creator, "m.room.join_rules", "", """{"join_rule":"public"}""");
        return room;
    }

    public Task<string> SendAsync(string sender, string body, string type = "m.room.message", string? txn = null) =>
        AddAsync(sender, type, null, $$"""{"body":"{{body}}","msgtype":"m.text"}""", txn);

    public Task<string> SendJsonAsync(string sender, string type, string content) => AddAsync(sender, type, null, content, null);

    public Task<string> SetAsync(string sender, string type, string stateKey, string content) => AddAsync(sender, type, stateKey, content, null);

    public Task<string> JoinAsync(string user, string? name = null) => MemberAsync(user, user, Membership.Join, name);

    public Task<string> LeaveAsync(string user) => MemberAsync(user, user, Membership.Leave);

    public Task<string> MemberAsync(string sender, string user, string membership, string? name = null) => SetAsync(
        sender, EventTypes.Member, user, name is null ? $$"""{"membership":"{{membership}}"}"""
        : $$"""{"displayname":"{{name}}","membership":"{{membership}}"}""");

    public async Task RedactAsync(string sender, string target)
    {
        var redaction = await AddAsync(sender, EventTypes.Redaction, null, $$"""{"redacts":"{{target}}"}""", null);
        var row = (await _storage.Events.GetAsync(target))!;
        var redacted = Redaction.Redact(Pdu.FromStored(row.Json, RoomVersion.V11, target));
        var unit = new WriteUnit();
        unit.NextPosition(ChangeKind.RoomEvent, Id);
        _storage.Events.Redact(unit, target, redacted.Json, redaction);
        await _storage.CommitAsync(unit);
    }

    /// <summary>A message that joins another branch to the room's: one with a state event that this server got without a place in the history.</summary>
    public async Task<string> MergeAsync(string sender, string body, string type, string stateKey, string content)
    {
        var outlier = Build(sender, type, stateKey, content, []);
        var unit = new WriteUnit();
        _storage.Events.AddHistoric(unit, Row(outlier, State, null) with { Status = EventStatus.Outlier });
        State = await _states.SetAsync(State, type, stateKey, outlier.EventId);
        var nodes = _pending.Write(_storage.StateNodes, unit);
        await _storage.CommitAsync(unit);
        _pending.Committed(nodes);
        return await AddAsync(sender, EventTypes.Message, null, $$"""{"body":"{{body}}","msgtype":"m.text"}""", null, outlier.EventId);
    }

    private Pdu Build(string sender, string type, string? stateKey, string content, string[] prevEvents) => new PduBuilder
    {
        Sender = sender,
        Type = type,
        StateKey = stateKey,
        Content = Encoding.UTF8.GetBytes(content),
        RoomId = Id,
        PrevEvents = prevEvents,
        Depth = ++_depth,
        OriginServerTs = _time.GetUtcNow().ToUnixTimeMilliseconds() + _depth,
    }.Build(RoomVersion.V11, ServerName.Parse("x"), s_key).Value;

    private EventRow Row(Pdu pdu, StateNodeId before, string? txn)
    {
        var relation = pdu.Content.TryGetProperty("m.relates_to", out var relatesTo) ? relatesTo : default;
        return new EventRow
        {
            EventId = pdu.EventId,
            RoomId = Id,
            Type = pdu.Type,
            StateKey = pdu.StateKey,
            Sender = pdu.Sender,
            Depth = pdu.Depth,
            OriginServerTs = pdu.OriginServerTs,
            StateBefore = before,
            Json = pdu.Json,
            DeviceId = txn is null ? null : "D",
            TransactionId = txn,
            RelatesTo = relation.ValueKind == System.Text.Json.JsonValueKind.Object ? relation.GetProperty("event_id").GetString() : null,
            RelType = relation.ValueKind == System.Text.Json.JsonValueKind.Object ? relation.GetProperty("rel_type").GetString() : null,
        };
    }

    private async Task<string> AddAsync(string sender, string type, string? stateKey, string content, string? txn, string? alsoAfter = null)
    {
        string[] prevEvents = (_last, alsoAfter) switch
        {
            ("", _) => [],
            (_, null) => [_last],
            _ => [_last, alsoAfter],
        };
        var pdu = Build(sender, type, stateKey, content, prevEvents);
        var unit = new WriteUnit();
        var slot = unit.NextPosition(ChangeKind.RoomEvent, Id);
        var before = State;
        if (stateKey is not null)
            State = await _states.SetAsync(State, type, stateKey, pdu.EventId);
        var nodes = _pending.Write(_storage.StateNodes, unit);
        _storage.Events.AppendLive(unit, Row(pdu, before, txn), slot);
        _storage.Rooms.Put(unit, new RoomRow(Id, "11", State, [pdu.EventId], _depth, 0), slot);
        if (type == EventTypes.Member)
        {
            _memberships[stateKey!] = pdu.Membership!;
            var row = new MembershipRow(
                Id, stateKey!, pdu.Membership!, sender, pdu.EventId, 0, Stripped(pdu), false, pdu.GetContentString("displayname"u8), null);
            _storage.Memberships.Put(unit, row, unit.NextPosition(ChangeKind.Membership, stateKey!));
        }

        await _storage.CommitAsync(unit);
        _pending.Committed(nodes);
        _last = pdu.EventId;
        return pdu.EventId;
    }

    private static ReadOnlyMemory<byte>? Stripped(Pdu pdu) => pdu.Membership is Membership.Invite or Membership.Knock
        ? Encoding.UTF8.GetBytes(
        $$"""[{"content":{"membership":"{{pdu.Membership}}"},"sender":"{{pdu.Sender}}","state_key":"{{pdu.StateKey}}","type":"m.room.member"}]""") : null;
}
