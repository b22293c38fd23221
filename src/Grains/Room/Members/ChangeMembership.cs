using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Room.Members;

/// <summary>Join, leave, invite, kick, ban, unban and knock by local users.</summary>
/// <param name="profileOf">Gives a user's profile; asked before the room's turn.</param>
/// <param name="whenJoined">Told of each user who has newly joined.</param>
internal sealed class ChangeMembership(
    Func<string, Task<MemberProfile>> profileOf, InvitePermission permission, RemoteMembership remote, Func<RoomActivation, string, Task> whenJoined)
{
    public async Task<Outcome<string>> RunAsync(RoomActivation activation, MembershipChange change)
    {
        if (!UserId.IsValid(change.Target))
            return MatrixError.InvalidParam("Not a user ID");
        var isOwn = change.Target == change.Requester.UserId;
        if (change.Requester.Suspended && change.Action != MembershipAction.Leave)
            return MatrixError.UserSuspended();
        if (isOwn && change.Action is MembershipAction.Invite)
            return MatrixError.Forbidden("You cannot invite yourself");
        if (!isOwn && change.Action is MembershipAction.Join or MembershipAction.Leave or MembershipAction.Knock)
            return MatrixError.Forbidden("That is for the user to do");
        var given = default(JsonElement);
        if (change.Content is { } content && !JsonBytes.TryParseObject(content, out given))
            return MatrixError.BadJson("Content is not an object");
        var extra = default(JsonElement);
        if (change.Extra is { } more && !JsonBytes.TryParseObject(more, out extra))
            return MatrixError.BadJson("Content is not an object");
        if (change.Action == MembershipAction.Invite && await permission.FindFaultAsync(change) is { } blocked)
            return blocked;

        var membership = MembershipOf(change.Action);

        // A content that the client gave is taken as it is: its user's profile, which another server may have to be asked for, is not needed.
        var profile = change.Content is null && membership is (Membership.Join or Membership.Invite or Membership.Knock) ? await profileOf(change.Target)
            : null;
        ReadOnlyMemory<byte> Content(string? authoriser) => change.Content is null
            ? MemberContent.Write(membership, profile, change.Reason, change.IsDirect, authoriser, extra)
            : MemberContent.From(given, membership, authoriser);
        if (isOwn && change.Action is MembershipAction.Join or MembershipAction.Leave or MembershipAction.Knock && activation.Room is not { IsResident: true })
        {
            var changed = await remote.ChangeOwnAsync(activation, change, Content(null));
            if (!changed.Ok || change.Action != MembershipAction.Join)
                return changed;
            // Only now is it known whether the room takes guests; servers do not tell each other who is one.
            if (change.Requester.IsGuest && await GuestAccess.RemoveGuestsAsync(activation))
                return MatrixError.GuestAccessForbidden();
            await whenJoined(activation, change.Target);
            return changed;
        }

        if (change.Action == MembershipAction.Invite && !activation.Services.Server.IsLocalUser(change.Target))
            return await remote.InviteAsync(activation, change, Content(null));

        var isJoining = false;
        var needsOthers = false;
        var outcome = await activation.ChangeAsync<string>(async (room, unit) =>
        {
            var present = await room.Current.FindAsync(EventTypes.Member, change.Target);
            if (Check(room, change, present) is { } fault)
                return fault;
            if (change.Action == MembershipAction.Join && change.Content is null && present?.Membership == Membership.Join)
                return present.EventId;
            string? authoriser = null;
            if (change.Action == MembershipAction.Join &&
                !(await RestrictedJoin.FindAuthoriserAsync(room, change.Target)).TryGet(out authoriser, out var refused) && refused is not null)
            {
                needsOthers = refused.ErrCode == ErrCodes.UnableToGrantJoin;
                return refused.Status == 400 ? MatrixError.Forbidden(refused.Message) : refused;
            }

            isJoining = change.Action == MembershipAction.Join && present?.Membership != Membership.Join;
            var draft = new EventDraft(change.Requester.UserId, EventTypes.Member, change.Target, Content(authoriser));
            return await SetState.AppendAsync(room, unit, draft);
        });
        // S-S API, Restricted rooms: another server has somebody who may let the user in.
        if (needsOthers && await remote.ChangeOwnAsync(activation, change, Content(null)) is { Ok: true } granted)
            (outcome, isJoining) = (granted, true);
        if (outcome.Ok && isJoining)
            await whenJoined(activation, change.Target);
        return outcome;
    }

    private static string MembershipOf(MembershipAction action) => action switch
    {
        MembershipAction.Join => Membership.Join,
        MembershipAction.Invite => Membership.Invite,
        MembershipAction.Ban => Membership.Ban,
        MembershipAction.Knock => Membership.Knock,
        _ => Membership.Leave,
    };

    // What the authorization rules leave to the endpoints.
    private static MatrixError? Check(ActiveRoom room, MembershipChange change, Pdu? present)
    {
        var membership = present?.Membership ?? Membership.Leave;
        return change.Action switch
        {
            MembershipAction.Join or MembershipAction.Knock when change.Requester.IsGuest && !room.Summary.GuestCanJoin => MatrixError.GuestAccessForbidden(),
            MembershipAction.Kick when membership is not (Membership.Join or Membership.Invite or Membership.Knock) =>
                MatrixError.Forbidden("The user is not in the room"),
            MembershipAction.Unban when membership != Membership.Ban => new MatrixError(ErrCodes.BadState, 403, "The user is not banned"),
            _ => null,
        };
    }
}
