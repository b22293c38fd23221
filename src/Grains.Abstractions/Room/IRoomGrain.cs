using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>
/// A room: the only writer of its events and state. Key: the room id. Every method answers after its events are durable, and is safe to repeat.
/// </summary>
[Alias("IRoomGrain"), GrainInterfaceType("IRoomGrain")]
public interface IRoomGrain : IGrainWithStringKey
{
    /// <summary>Makes the room from its first events, all or none. Status 409 if the room exists, M_ROOM_IN_USE if the alias is taken.</summary>
    [Alias("Create")]
    Task<Outcome<Nothing>> Create(RoomCreation creation);

    /// <summary>Sends a message event; answers its event id. A repeated transaction id answers the first event's id.</summary>
    [Alias("Send")]
    Task<Outcome<string>> Send(EventToSend message);

    /// <summary>Sends a state event of any type but m.room.member of another user; answers its event id, or the present one if nothing would change.</summary>
    [ResponseTimeout("00:04:00")]
    [Alias("SetState")]
    Task<Outcome<string>> SetState(StateToSet state);

    /// <summary>Redacts an event; answers the redaction's event id.</summary>
    [Alias("Redact")]
    Task<Outcome<string>> Redact(EventToRedact redaction);

    /// <summary>
    /// Joins, leaves, invites, kicks, bans, unbans or knocks; answers the member event's id. A join through other servers may take long; a repeated call waits
    /// for the one that runs.
    /// </summary>
    [ResponseTimeout("00:04:00")]
    [Alias("ChangeMembership")]
    Task<Outcome<string>> ChangeMembership(MembershipChange change);

    /// <summary>Forgets a room that the user has left. M_UNKNOWN if the user is in it.</summary>
    [Alias("Forget")]
    Task<Outcome<Nothing>> Forget(UserId userId);

    /// <summary>Starts or stops the user's typing notice. M_FORBIDDEN if the user is not joined.</summary>
    [Alias("SetTyping")]
    Task<Outcome<Nothing>> SetTyping(TypingNotice notice);

    /// <summary>Issues the member event again with the user's new profile, if the user is joined and it differs.</summary>
    [Alias("UpdateProfile")]
    Task UpdateProfile(MemberProfile profile);

    /// <summary>Replaces the room by a new one (CS API, room upgrades); answers the new room's id.</summary>
    [Alias("Upgrade")]
    Task<Outcome<string>> Upgrade(RoomUpgrade upgrade);

    /// <summary>
    /// Moves the room's local aliases and its place in the public list to its successor, which a local user of the room has joined; false, and nothing done, if
    /// the room's tombstone names another or the user was never in the room.
    /// </summary>
    [Alias("MoveTo")]
    Task<bool> MoveTo(string successor, UserId userId);

    /// <summary>Whether a joined user has the power to send a state event of that type (to publish the room, to remove aliases).</summary>
    [Alias("CanSendState")]
    Task<bool> CanSendState(UserId userId, string eventType);

    /// <summary>Puts remote events through the checks on receipt of a PDU; one verdict each, in order.</summary>
    [Alias("ReceivePdus")]
    Task<Outcome<PduVerdicts>> ReceivePdus(RemotePdus pdus);

    /// <summary>Forgets events that were kept to be judged later. Those that do not wait are passed over.</summary>
    [Alias("DropStaged")]
    Task<Outcome<Nothing>> DropStaged(ImmutableArray<string> eventIds);

    /// <summary>
    /// Stores events that others need to be judged, without a place in the history; those named as auth events come first. One verdict each, in order.
    /// </summary>
    [Alias("ReceiveOutliers")]
    Task<Outcome<PduVerdicts>> ReceiveOutliers(RemotePdus pdus);

    /// <summary>
    /// Puts events that another server gave for a gap in the history in their place, as far as they lead back from the events there. Tells what is missing to
    /// judge them, and then stores nothing, unless it is the last try.
    /// </summary>
    [Alias("ReceiveHistory")]
    Task<Outcome<HistoryReceived>> ReceiveHistory(HistoricPdus pdus);

    /// <summary>A remote user's typing notice.</summary>
    [Alias("ReceiveTyping")]
    Task ReceiveTyping(ServerName origin, UserId userId, bool typing);

    /// <summary>The template of a member event for a remote user (make_join, make_leave, make_knock).</summary>
    [Alias("MakeMembership")]
    Task<Outcome<MembershipTemplate>> MakeMembership(MembershipTemplateRequest request);

    /// <summary>Accepts a remote user's signed member event (send_join, send_leave, send_knock).</summary>
    [Alias("AcceptMembership")]
    Task<Outcome<MembershipAccepted>> AcceptMembership(SignedMembership membership);

    /// <summary>
    /// Signs a remote server's invite of a local user and keeps it for the user; answers the signed event. Also for rooms that this server is not in.
    /// </summary>
    [Alias("SignInvite")]
    Task<Outcome<ReadOnlyMemory<byte>>> SignInvite(InviteToSign invite);

    /// <summary>
    /// Makes the invite of a user whose third-party identifier was invited (S-S API, Third-party invites), or, from outside the room, has the inviter's server
    /// do it; answers the invite's event id, then empty.
    /// </summary>
    [Alias("ExchangeThirdPartyInvite")]
    Task<Outcome<string>> ExchangeThirdPartyInvite(ThirdPartyInvite invite);

    /// <summary>
    /// The signature of this server as the room's policy server under an event (S-S API, POST /sign), in unpadded Base64. M_NOT_FOUND if it is not that;
    /// M_FORBIDDEN with 400 for what it refuses.
    /// </summary>
    [Alias("Recommend")]
    Task<Outcome<string>> Recommend(EventToRecommend request);

    /// <summary>Takes the room over from a resident server after a join by federation: the join is the first live event.</summary>
    [ResponseTimeout("00:02:00")]
    [Alias("ImportState")]
    Task<Outcome<string>> ImportState(ImportedRoom room);

    /// <summary>Goes on with getting the members of a room that was joined without them.</summary>
    [OneWay]
    [Alias("FetchMembers")]
    Task FetchMembers();

    /// <summary>Waits, for a minute at most, until all members are known; false if they are not by then.</summary>
    [ResponseTimeout("00:01:30")]
    [Alias("HasMembers")]
    Task<bool> HasMembers();
}
