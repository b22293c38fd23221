using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Protocol.Events;
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
            return sent.Error!;
        var (version, answer) = sent.Value!;
        var import = new ImportedRoom(other.Server.Name.Value, version, answer.Event, answer.State, answer.AuthChain);
        return await self.RunAsync(roomId, room => ImportRoom.RunAsync(room, import));
    }

    public async Task<Outcome<RemoteKnock>> KnockAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via)
    {
        var sent = await SendAsync(roomId, userId, Membership.Knock, content);
        return sent.Ok ? new RemoteKnock("$knock", sent.Value!.Answer.StrippedState) : sent.Error!;
    }

    public async Task<Outcome<string>> LeaveAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via)
    {
        var sent = await SendAsync(roomId, userId, Membership.Leave, content);
        return sent.Ok ? "$leave" : sent.Error!;
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> InviteAsync(string server, Pdu invite, ReadOnlyMemory<byte> strippedState) =>
        other.RunAsync(invite.RoomId, room => SignInvite.RunAsync(room, new InviteToSign(Name, invite.EventId, invite.RoomVersion.Id, invite.Json, strippedState)));

    private sealed record Sent(string Version, MembershipAccepted Answer);

    private async Task<Outcome<Sent>> SendAsync(string roomId, string userId, string membership, ReadOnlyMemory<byte> content)
    {
        var made = await other.RunAsync(roomId, room => MakeMembership.RunAsync(
            room, new MembershipTemplateRequest(Name, userId, membership, [.. RoomVersion.All.Select(v => v.Id)])));
        if (!made.Ok)
            return made.Error!;
        RoomVersion.TryGet(made.Value!.RoomVersion, out var version);
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
        var accepted = await other.RunAsync(roomId, room => AcceptMembership.RunAsync(room, new SignedMembership(Name, pdu.EventId, membership, pdu.Json, false)));
        return accepted.Ok ? new Sent(version!.Id, accepted.Value!) : accepted.Error!;
    }
}
