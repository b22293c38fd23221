using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.Serving;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Tests.Room;

/// <summary>Another server reached without HTTP: the client's side of the federation API over the resident server's methods.</summary>
internal sealed class DirectRooms(RoomHarness self, RoomHarness other) : IRemoteRooms
{
    private string Name => self.Server.Name.Value;

    public async Task<Outcome<string>> JoinAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via)
    {
        var sent = await SendAsync(roomId, userId, Membership.Join, content);
        if (!sent.Ok)
            return sent.Error;
        var (version, _, answer) = sent.Value;
        RoomVersion.TryGet(version, out var roomVersion);
        var join = Pdu.Parse(answer.Event, roomVersion!).Value;
        var view = (await RoomView.OpenAsync(Reads, roomId))!;
        var before = (await other.EventAsync(join.EventId)).StateBefore!.Value;
        var omits = OmitsMembers && await self.Storage.Rooms.GetAsync(roomId) is null;
        var part = omits ? StatePart.NonMembers : StatePart.All;
        var import = await ImportAsync(roomId, roomVersion!, view, (await Reads.States.ListAsync(before, part)).Select(e => e.EventId), join.EventId);
        var imported = new ImportedRoom(
            other.Server.Name, version, answer.Event, [.. import.State.Select(e => e.EventId)], omits, omits ? answer.ServersInRoom : default);
        return await self.RunAsync(roomId, room => ImportRoom.RunAsync(room, imported));
    }

    /// <summary>Whether joins come without members, as with omit_members.</summary>
    public bool OmitsMembers { get; set; }

    /// <summary>Whether the other server's answers about state lack what is in it.</summary>
    public bool HidesState { get; set; }

    /// <summary>The servers that were asked for the state before an event.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>What the other server tells of the state before an event.</summary>
    public async Task<Outcome<StateListing>> ListStateAsync(string roomId, string eventId)
    {
        var served = await ServedRoom.OpenAsync(Reads, roomId, Name);
        return served.Ok ? await ServedState.ListAsync(served.Value, eventId, omitMembers: false) : served.Error;
    }

    private ReadServices Reads => new(
        other.Storage, new StateNodeCache(other.Storage.StateNodes), other.Answers, other.Clock, NullLogger<ReadServices>.Instance);

    public async Task<Outcome<ImmutableArray<string>>> StateBeforeAsync(
        string server, string roomId, string roomVersion, string eventId, bool idsOnly = false, CancellationToken cancellationToken = default)
    {
        Asked.Add(server);
        if (await other.EventAsync(eventId) is not { StateBefore: { } before })
            return MatrixError.NotFound();
        RoomVersion.TryGet(roomVersion, out var version);
        var view = (await RoomView.OpenAsync(Reads, roomId, cancellationToken))!;
        var entries = await Reads.States.ListAsync(before, cancellationToken: cancellationToken);
        var import = await ImportAsync(roomId, version!, view, entries.Select(e => e.EventId), eventId);
        return import.State.Select(e => e.EventId).Take(HidesState ? 1 : int.MaxValue).ToImmutableArray();
    }

    private async Task<EventImport> ImportAsync(string roomId, RoomVersion version, RoomView view, IEnumerable<string> state, string eventId)
    {
        var import = new EventImport(self.Services, roomId, version);
        List<string> ids = [.. state];
        foreach (var id in ids)
            await import.AddAsync((await other.EventAsync(id)).Json, isState: true);
        foreach (var id in await ServedState.AuthChainAsync(view, [.. ids, eventId]))
            await import.AddAsync((await other.EventAsync(id)).Json, isState: false);
        await import.FinishAsync();
        return import;
    }

    public async Task<Outcome<RemoteKnock>> KnockAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via)
    {
        var sent = await SendAsync(roomId, userId, Membership.Knock, content);
        return sent.Ok ? new RemoteKnock(sent.Value.Event, sent.Value.Answer.RoomState, other.Server.Name.Value) : sent.Error;
    }

    public async Task<Outcome<string>> LeaveAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via)
    {
        var sent = await SendAsync(roomId, userId, Membership.Leave, content);
        return sent.Ok ? "$leave" : sent.Error;
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> InviteAsync(string server, Pdu invite, ReadOnlyMemory<byte> roomState) =>
        other.RunAsync(invite.RoomId, room =>
            SignInvite.RunAsync(room,
            new InviteToSign(ServerName.Parse(Name), EventId.Parse(invite.EventId), invite.RoomVersion.Id, invite.Json, roomState)));

    public Task<ImmutableArray<ReadOnlyMemory<byte>>> EventsAsync(string server, string roomId, ImmutableArray<string> eventIds) =>
        throw new NotSupportedException();

    public Task<Outcome<Nothing>> ExchangeInviteAsync(string server, string roomId, ReadOnlyMemory<byte> partialEvent) => throw new NotSupportedException();

    public Task<Outcome<ReadOnlyMemory<byte>>> AskPolicyServerAsync(string server, Pdu pdu) => throw new NotSupportedException();

    private sealed record Sent(string Version, Pdu Event, MembershipAccepted Answer);

    private async Task<Outcome<Sent>> SendAsync(string roomId, string userId, string membership, ReadOnlyMemory<byte> content)
    {
        var made = await other.RunAsync(roomId, room => MakeMembership.RunAsync(
            room, new MembershipTemplateRequest(ServerName.Parse(Name), UserId.Parse(userId), membership, [.. RoomVersion.All.Select(v => v.Id)])));
        if (!made.Ok)
            return made.Error;
        RoomVersion.TryGet(made.Value.RoomVersion, out var version);
        var template = JsonDocument.Parse(made.Value.Event).RootElement;
        string[] Ids(string name) => [.. template.GetProperty(name).EnumerateArray().Select(e => e.GetString()!)];
        var pdu = new PduBuilder
        {
            Sender = userId,
            Type = EventTypes.Member,
            StateKey = userId,
            Content = JsonSerializer.SerializeToUtf8Bytes(template.GetProperty("content")),
            RoomId = roomId,
            PrevEvents = Ids("prev_events"),
            AuthEvents = Ids("auth_events"),
            Depth = template.GetProperty("depth").GetInt64(),
            OriginServerTs = self.Services.Now,
        }.Build(version!, self.Server.Name, self.Server.Key).Value;
        var accepted = await other.RunAsync(
            roomId, room => AcceptMembership.RunAsync(room, new SignedMembership(ServerName.Parse(Name), pdu.EventId, membership, pdu.Json)));
        return accepted.Ok ? new Sent(version!.Id, pdu, accepted.Value) : accepted.Error;
    }
}
