using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>An invite or knock of a local user in a room that this server is not in: the event is kept as an outlier, and the user's row for clients.</summary>
internal static class OutsideMembership
{
    /// <param name="activation">The room.</param>
    /// <param name="member">The invite or knock.</param>
    /// <param name="toldBy">The server that invites, or that took the knock.</param>
    /// <param name="stripped">What clients are told of the room, a JSON array.</param>
    public static Task KeepAsync(RoomActivation activation, Pdu member, string toldBy, ReadOnlyMemory<byte> stripped) => activation.WriteAsync(unit =>
    {
        var storage = activation.Services.Storage;
        storage.Events.AddHistoric(unit, EventRows.Of(member.RoomId, member, EventStatus.Outlier, null, null));
        var row = new MembershipRow(
            member.RoomId, member.StateKey!, member.Membership!, member.Sender, member.EventId, 0, stripped, false,
            JsonBytes.StringMember(member.Content, "displayname"), JsonBytes.StringMember(member.Content, "avatar_url"), member.RoomVersion.Id, toldBy);
        storage.Memberships.Put(unit, row, unit.NextPosition(ChangeKind.Membership, member.StateKey!));
    });
}
