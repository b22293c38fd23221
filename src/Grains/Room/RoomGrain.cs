using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.Creating;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Members;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Grains.Room.Sending;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

using OrleansMatrix.Protocol.Identifiers;
namespace OrleansMatrix.Grains.Room;

/// <summary>
/// The only writer of a room (ADR 0006). Reentrant, with a turn of its own around what builds on the room's memory: so callers wait for durability together.
/// </summary>
[Reentrant]
[GrainType("room")]
public sealed class RoomGrain(RoomServices services, IRemoteRooms remote, ILogger<RoomGrain> logger) : Grain, IRoomGrain, IRemindable
{
    private readonly RunningJoins _joins = new();
    private RoomSlot? _slot;
    private MemberFetch? _memberFetch;
    private TypingUsers? _typing;
    private IGrainTimer? _typingTimer;

    private string RoomId => this.GetPrimaryKeyString();

    private CanonicalAliasCheck Aliases => new(GrainFactory);

    private ChangeMembership Members =>
        new(new Profiles(GrainFactory, services.Server, services.Time).GetAsync, new InvitePermission(services), new RemoteMembership(remote),
        new FollowUpgrade(GrainFactory).RunAsync);

    private TypingUsers Typing => _typing ??= new TypingUsers(services, RoomId);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _memberFetch?.Leave();
        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    public Task<Outcome<Nothing>> Create(RoomCreation creation) => RunAsync(room => CreateRoom.RunAsync(room, creation));

    public Task<Outcome<string>> Send(EventToSend message) => message.Requester.Suspended
        ? Refuse(MatrixError.UserSuspended())
        : RunAsync(room => SendMessage.RunAsync(room, message));

    public Task<Outcome<string>> SetState(StateToSet state)
    {
        if (state.Requester.Suspended)
            return Refuse(MatrixError.UserSuspended());
        return state.Type == EventTypes.Member
            ? RunAsync(room => WithMemberAsync(room, state.StateKey, () => MemberState.RunAsync(room, state, Members)))
            : RunAsync(room => Sending.SetState.RunAsync(room, state, Aliases));
    }

    public Task<Outcome<string>> Redact(EventToRedact redaction) => RunAsync(room => RedactEvent.RunAsync(room, redaction));

    public Task<Outcome<string>> ChangeMembership(MembershipChange change) => change.Action == MembershipAction.Join
        ? _joins.RunAsync(change.Target, () => RunAsync(room => Task.FromResult(room.Room is { IsResident: true })), () =>
        RunAsync(room => WithMemberAsync(room, change.Target, () => Members.RunAsync(room, change), isJoin: true)))
        : RunAsync(room => WithMemberAsync(room, change.Target, () => Members.RunAsync(room, change)));

    public Task<Outcome<Nothing>> Forget(UserId userId) => RunAsync(room => ForgetRoom.RunAsync(room, userId));

    public Task UpdateProfile(MemberProfile profile) => RunAsync(room => Room.Members.UpdateProfile.RunAsync(room, profile));

    public Task<bool> CanSendState(UserId userId, string eventType) => RunAsync(activation => activation.ReadAsync(async room =>
    {
        if (room is null || (await room.Current.FindAsync(EventTypes.Member, userId))?.Membership != Membership.Join)
            return false;
        await room.Current.LoadAsync();
        return room.Current.PowerLevels.MaySend(userId, eventType, isState: true);
    }));

    public Task<Outcome<Nothing>> SetTyping(TypingNotice notice) => RunAsync<Outcome<Nothing>>(async activation =>
    {
        var servers = await activation.ReadAsync(room => JoinedServersAsync(room, notice.UserId));
        if (servers is null)
            return MatrixError.Forbidden("You are not in the room");
        await ChangeTypingAsync(activation, notice.UserId, notice.Typing, notice.TimeoutMs, servers);
        return Nothing.Value;
    });

    public Task ReceiveTyping(ServerName origin, UserId userId, bool typing) => RunAsync(async activation =>
    {
        const long RemoteTimeoutMs = 30_000;
        if (!userId.Domain.SequenceEqual(origin.Value) || await activation.ReadAsync(async room =>
            room is not null && await room.AllowsServerAsync(origin) ? await JoinedServersAsync(room, userId) : null) is null)
            return false;
        await ChangeTypingAsync(activation, userId, typing, RemoteTimeoutMs, []);
        return true;
    });

    public Task<Outcome<string>> Upgrade(RoomUpgrade upgrade) => upgrade.Requester.Suspended
        ? Refuse(MatrixError.UserSuspended())
        : RunAsync(room => new UpgradeRoom(GrainFactory, services, remote).RunAsync(room, upgrade));

    public Task<bool> MoveTo(string successor, UserId userId) => RunAsync(room => MoveToSuccessor.RunAsync(room, successor, userId));

    public Task<Outcome<PduVerdicts>> ReceivePdus(RemotePdus pdus) => ReceiveAsync(async room =>
    {
        var couldGuestsJoin = room.Room?.Summary.GuestCanJoin == true;
        var verdicts = await Receiving.ReceivePdus.RunAsync(room, pdus, remote);
        if (couldGuestsJoin)
            await GuestAccess.RemoveGuestsAsync(room);
        return verdicts;
    });

    public Task<Outcome<PduVerdicts>> ReceiveOutliers(RemotePdus pdus) => ReceiveAsync(room => Receiving.ReceiveOutliers.RunAsync(room, pdus));

    public Task<Outcome<HistoryReceived>> ReceiveHistory(HistoricPdus pdus) => ReceiveAsync(room => Receiving.ReceiveHistory.RunAsync(room, pdus));

    public Task<Outcome<MembershipTemplate>> MakeMembership(MembershipTemplateRequest request) =>
        RunAsync(room => Federation.MakeMembership.RunAsync(room, request));

    public Task<Outcome<MembershipAccepted>> AcceptMembership(SignedMembership membership) =>
        ReceiveAsync(room => Federation.AcceptMembership.RunAsync(room, membership, remote));

    public Task<Outcome<Nothing>> DropStaged(ImmutableArray<string> eventIds) => RunAsync(room => Receiving.DropStaged.RunAsync(room, eventIds));

    public Task<Outcome<ReadOnlyMemory<byte>>> SignInvite(InviteToSign invite) => RunAsync(room => Federation.SignInvite.RunAsync(room, invite));

    public Task<Outcome<string>> ExchangeThirdPartyInvite(ThirdPartyInvite invite) =>
        RunAsync(room => WithMemberAsync(room, invite.Target, () => new ExchangeThirdPartyInvite(remote).RunAsync(room, invite)));

    public Task<Outcome<string>> Recommend(EventToRecommend request) => RunAsync<Outcome<string>>(room => RecommendEvent.RunAsync(room, request));

    public async Task<Outcome<string>> ImportState(ImportedRoom room)
    {
        var imported = await ReceiveAsync(activation => ImportRoom.RunAsync(activation, room));
        if (imported.Ok && room.LacksMembers)
            MemberFetch.Start(room.Members);
        return imported;
    }

    public Task FetchMembers() => RunAsync(_ => Task.FromResult(true));

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        // Every call goes on with getting the members of a room that lacks them.
        if (!await RunAsync(activation => Task.FromResult(activation.Room?.Partial is not null)))
            await MemberFetch.EndAsync();
    }

    public Task<bool> HasMembers() => RunAsync(_ => MemberFetch.WaitAsync());

    // What can be done to a member hangs on the membership; of a room that was joined without its members it may not be known yet.
    private async Task<Outcome<string>> WithMemberAsync(RoomActivation activation, string userId, Func<Task<Outcome<string>>> change, bool isJoin = false)
    {
        var isKnown = await activation.ReadAsync(async room =>
            room?.Partial is null || (isJoin && room.Summary.JoinRule == "public") || await room.Current.FindAsync(EventTypes.Member, userId) is not null);
        return isKnown || await MemberFetch.WaitAsync() ? await change() : new MatrixError(ErrCodes.Unknown, 503, "The members of the room are not known yet");
    }

    private MemberFetch MemberFetch => _memberFetch ??= new MemberFetch(this, services, remote, Slot, RoomId, logger);

    private RoomSlot Slot => _slot ??= new RoomSlot(services, RoomId, DeactivateOnIdle, () => MemberFetch.Start(default));

    // A local user's event may need the signature of the room's policy server.
    private async Task<Outcome<string>> RunAsync(Func<RoomActivation, Task<Outcome<string>>> call)
    {
        var outcome = await Slot.RunAsync(call);
        return outcome.Error is PolicySignatureWanted
            ? await Slot.RunAsync(activation => PolicySigning.RunAsync(activation, remote, call, outcome)) : outcome;
    }

    private Task<T> RunAsync<T>(Func<RoomActivation, Task<T>> call) => Slot.RunAsync(call);

    // What comes may be what events that were kept wait for.
    private Task<T> ReceiveAsync<T>(Func<RoomActivation, Task<T>> call) => RunAsync(async activation =>
    {
        var answer = await call(activation);
        if (activation.Room?.Staged.TakeReady() is { Length: > 0 } ready)
            await GrainFactory.GetGrain<IStagedPdusGrain>(RoomId).Arrived(ready);
        return answer;
    });

    private static Task<Outcome<string>> Refuse(MatrixError error) => Task.FromResult<Outcome<string>>(error);

    private async ValueTask<IReadOnlyCollection<string>?> JoinedServersAsync(ActiveRoom? room, string userId)
    {
        if (room is null || (await room.Current.FindAsync(EventTypes.Member, userId))?.Membership != Membership.Join)
            return null;
        return [.. room.Servers.Keys.Where(s => s != services.Server.Name.Value)];
    }

    private async Task ChangeTypingAsync(RoomActivation activation, string userId, bool typing, long timeoutMs, IReadOnlyCollection<string> servers)
    {
        if (!Typing.Set(userId, typing, timeoutMs))
            return;
        ScheduleTypingEnd();
        var localUser = services.Server.IsLocalUser(userId) ? userId : null;
        await activation.WriteAsync(unit => Typing.Write(unit, servers, localUser, typing));
    }

    private void ScheduleTypingEnd()
    {
        if (Typing.NextEnd is not { } end)
            return;
        var wait = TimeSpan.FromMilliseconds(Math.Max(1, end - services.Now));
        if (_typingTimer is null)
            _typingTimer = this.RegisterGrainTimer(
                EndTypingAsync, new GrainTimerCreationOptions { DueTime = wait, Period = Timeout.InfiniteTimeSpan, Interleave = true });
        else
            _typingTimer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private async Task EndTypingAsync()
    {
        if (Typing.Expire())
        {
            await RunAsync(async activation =>
            {
                await activation.WriteAsync(unit => Typing.Write(unit, [], null, false));
                return true;
            });
        }

        ScheduleTypingEnd();
    }
}
