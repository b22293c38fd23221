using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>
/// Turns an invite of a third-party identifier into one of the user who has proven to own it (S-S API, Third-party invites). The room's rules check the
/// identity server's signature (room v1, rule 5.3.1).
/// </summary>
internal sealed class ExchangeThirdPartyInvite(IRemoteRooms remote)
{
    public async Task<Outcome<string>> RunAsync(RoomActivation activation, ThirdPartyInvite invite)
    {
        if (!JsonBytes.TryParseObject(invite.Signed, out var signed) || JsonBytes.StringMember(signed, "token") is not { } token ||
            JsonBytes.StringMember(signed, "mxid") != invite.Target)
            return MatrixError.InvalidParam("'signed' needs a token and the ID of the invited user");
        if (!UserId.TryParse(invite.Sender, out var sender) || !UserId.TryParse(invite.Target, out var target))
            return MatrixError.InvalidParam("Not a user ID");
        var services = activation.Services;
        if (services.Server.IsLocalUser(invite.Target) &&
            (await services.Storage.Accounts.GetAsync(invite.Target) is not { Deactivated: false } ||
            await new InvitePermission(services).FindFaultAsync(invite.Target) is not null))
            return MatrixError.NotFound("Unknown user");
        if (activation.Room is not { } present || !present.Servers.ContainsKey(services.Server.Name.Value))
            return invite.MayForward ? await ForwardAsync(activation.RoomId, sender.Domain.ToString(), invite, signed) : MatrixError.NotFound("Unknown room");

        var name = await activation.ReadAsync(
            async room => JsonBytes.StringMember((await room!.Current.FindAsync(EventTypes.ThirdPartyInvite, token))?.Content ?? default, "display_name"));
        if (name is null)
            return MatrixError.Forbidden("There is no such third-party invite in the room");
        var content = Content(name, signed);
        if (!services.Server.IsLocalUser(invite.Target))
        {
            var change = new MembershipChange(new Requester(UserId.Parse(invite.Sender), ""), MembershipAction.Invite, target.ToString());
            return await new RemoteMembership(remote).InviteAsync(activation, change, content);
        }

        return await activation.ChangeAsync<string>(
            (room, unit) => SetState.AppendAsync(room, unit, new EventDraft(invite.Sender, EventTypes.Member, invite.Target, content)));
    }

    private async Task<Outcome<string>> ForwardAsync(string roomId, string server, ThirdPartyInvite invite, JsonElement signed)
    {
        var partial = JsonBytes.Object(writer =>
        {
            writer.WritePropertyName("content"u8);
            // Only who is in the room knows the name that the inviter gave.
            writer.WriteRaw(Content("", signed).Span);
            writer.WriteString("room_id"u8, roomId);
            writer.WriteString("sender"u8, invite.Sender);
            writer.WriteString("state_key"u8, invite.Target);
            writer.WriteString("type"u8, EventTypes.Member);
        });
        var asked = await remote.ExchangeInviteAsync(server, roomId, partial);
        return asked.Error is { } refused ? refused : "";
    }

    private static ReadOnlyMemory<byte> Content(string name, JsonElement signed) => JsonBytes.Object(writer =>
    {
        writer.WriteString("membership"u8, Membership.Invite);
        writer.WriteStartObject("third_party_invite"u8);
        writer.WriteString("display_name"u8, name);
        writer.WritePropertyName("signed"u8);
        signed.WriteTo(writer);
        writer.WriteEndObject();
    });
}
