using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>make_join, make_leave and make_knock: the template of a member event, checked as if it were sent now.</summary>
internal static class MakeMembership
{
    public static async Task<Outcome<MembershipTemplate>> RunAsync(RoomActivation activation, MembershipTemplateRequest request)
    {
        if (!UserId.TryParse(request.UserId, out var user) || !user.Domain.SequenceEqual(request.Origin))
            return MatrixError.Forbidden("The user is not of the requesting server");
        return await activation.ReadAsync(room => MakeAsync(room, request));
    }

    private static async ValueTask<Outcome<MembershipTemplate>> MakeAsync(ActiveRoom? room, MembershipTemplateRequest request)
    {
        if (room is null || !room.Servers.ContainsKey(room.Services.Server.Name.Value))
            return MatrixError.NotFound("Unknown room");
        if (FindIgnorance(room, request.Membership) is { } ignorance)
            return ignorance;
        if (room.Partial is not null && await room.Current.FindAsync(EventTypes.Member, request.UserId) is null)
            return Ignorance();
        if (request.Membership is Membership.Join or Membership.Knock && !request.SupportedVersions.Contains(room.Version.Id))
            return MatrixError.IncompatibleRoomVersion(room.Version.Id);
        if (!await room.AllowsServerAsync(request.Origin))
            return MatrixError.Forbidden("The server is denied by m.room.server_acl");
        string? authoriser = null;
        if (request.Membership == Membership.Join &&
            !(await RestrictedJoin.FindAuthoriserAsync(room, request.UserId)).TryGet(out authoriser, out var refused) && refused is not null)
            return refused;
        var content = MemberContent.Write(request.Membership, null, null, authoriser: authoriser);
        var built = await BuildLocalEvent.RunAsync(room, new EventDraft(request.UserId, EventTypes.Member, request.UserId, content) { IsTrial = true });
        return built.TryGet(out var local, out var error) ? new MembershipTemplate(room.Version.Id, ToTemplate(local.Pdu)) : error;
    }

    /// <summary>A server that does not know the members of a room cannot let others in.</summary>
    public static MatrixError? FindIgnorance(ActiveRoom room, string membership) =>
        room.Partial is not null && membership != Membership.Leave ? Ignorance() : null;

    // Not M_FORBIDDEN: another server of the room may know better.
    private static MatrixError Ignorance() => MatrixError.NotFound("This server does not know the room's members yet");

    // The joining server gives hashes, signatures and (room v1, v2) the id itself.
    private static ReadOnlyMemory<byte> ToTemplate(Pdu pdu)
    {
        using var document = JsonText.Parse(pdu.Json);
        var buffer = new ArrayBufferWriter<byte>(pdu.Json.Length);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            JsonBytes.CopyMembers(writer, document.RootElement, "hashes", "signatures", "event_id");
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
