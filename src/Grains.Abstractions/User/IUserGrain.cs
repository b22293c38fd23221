using System.Collections.Immutable;
using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>
/// A local user as clients read it: sync, and the user's own data. Of another server's user only the receipts. Key: the user id. JSON goes in and out as UTF-8.
/// </summary>
[Alias("IUserGrain"), GrainInterfaceType("IUserGrain")]
public interface IUserGrain : IGrainWithStringKey
{
    /// <summary>The answer to <c>GET /sync</c>; waits for something to tell up to the request's timeout.</summary>
    [AlwaysInterleave, ResponseTimeout("00:06:00")]
    [Alias("Sync")]
    Task<Outcome<ReadOnlyMemory<byte>>> Sync(SyncRequest request, CancellationToken cancellationToken = default);

    /// <summary>The answer to the deprecated <c>GET /events</c>.</summary>
    [AlwaysInterleave, ResponseTimeout("00:06:00")]
    [Alias("OldEvents")]
    Task<Outcome<ReadOnlyMemory<byte>>> OldEvents(OldEventsRequest request, CancellationToken cancellationToken = default);

    /// <summary>The answer to the deprecated <c>GET /initialSync</c>.</summary>
    /// <param name="requester">Who asks.</param>
    /// <param name="limit">Messages per room.</param>
    /// <param name="archived">With the rooms that the user left.</param>
    [AlwaysInterleave, ResponseTimeout("00:02:00")]
    [Alias("OldInitialSync")]
    Task<Outcome<ReadOnlyMemory<byte>>> OldInitialSync(Requester requester, int limit, bool archived);

    /// <summary>The answer to the deprecated <c>GET /events/{eventId}</c>.</summary>
    [AlwaysInterleave]
    [Alias("OldEvent")]
    Task<Outcome<ReadOnlyMemory<byte>>> OldEvent(Requester requester, EventId eventId);

    /// <summary>Account data; <paramref name="roomId"/> is empty for global data. M_NOT_FOUND if there is none.</summary>
    [AlwaysInterleave]
    [Alias("GetAccountData")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetAccountData(string roomId, string type);

    /// <summary>Stores account data, a JSON object. 405 M_BAD_JSON for the types that the server manages.</summary>
    [Alias("SetAccountData")]
    Task<Outcome<Nothing>> SetAccountData(string roomId, string type, ReadOnlyMemory<byte> json);

    /// <summary>The room's tags: the content of <c>m.tag</c>.</summary>
    [AlwaysInterleave]
    [Alias("GetTags")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetTags(RoomId roomId);

    /// <summary>Sets a tag; <paramref name="json"/> is its JSON object.</summary>
    [Alias("SetTag")]
    Task<Outcome<Nothing>> SetTag(RoomId roomId, string tag, ReadOnlyMemory<byte> json);

    /// <summary>Removes a tag.</summary>
    [Alias("DeleteTag")]
    Task<Outcome<Nothing>> DeleteTag(RoomId roomId, string tag);

    /// <summary>Stores a filter; answers its id. M_BAD_JSON for one that is not valid.</summary>
    [AlwaysInterleave]
    [Alias("AddFilter")]
    Task<Outcome<string>> AddFilter(ReadOnlyMemory<byte> json);

    /// <summary>A stored filter. M_NOT_FOUND if there is none of that id.</summary>
    [AlwaysInterleave]
    [Alias("GetFilter")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetFilter(string filterId);

    /// <summary>Sets a receipt or the fully-read marker.</summary>
    [Alias("SetReceipt")]
    Task<Outcome<Nothing>> SetReceipt(ReceiptToSet receipt);

    /// <summary>Sets the fully-read marker and receipts at once.</summary>
    [Alias("SetReadMarkers")]
    Task<Outcome<Nothing>> SetReadMarkers(ReadMarkersToSet markers);

    /// <summary>Another server tells how far its user has read (S-S API, Receipts): <c>m.read</c> in rooms that the user is joined to.</summary>
    [Alias("ReceiveReceipts")]
    Task ReceiveReceipts(ImmutableArray<ReceivedReceipt> receipts);

    /// <summary>All push rules: the content of <c>m.push_rules</c>.</summary>
    [AlwaysInterleave]
    [Alias("GetPushRules")]
    Task<ReadOnlyMemory<byte>> GetPushRules();

    /// <summary>One push rule. M_NOT_FOUND if there is none.</summary>
    [AlwaysInterleave]
    [Alias("GetPushRule")]
    Task<Outcome<ReadOnlyMemory<byte>>> GetPushRule(string kind, string ruleId);

    /// <summary>Adds or changes a rule.</summary>
    [Alias("PutPushRule")]
    Task<Outcome<Nothing>> PutPushRule(PushRuleToPut rule);

    /// <summary>Deletes a rule of the user's own.</summary>
    [Alias("DeletePushRule")]
    Task<Outcome<Nothing>> DeletePushRule(string kind, string ruleId);

    /// <summary>Turns a rule on or off; <paramref name="body"/> is the request's body.</summary>
    [Alias("EnablePushRule")]
    Task<Outcome<Nothing>> EnablePushRule(string kind, string ruleId, ReadOnlyMemory<byte> body);

    /// <summary>Changes a rule's actions; <paramref name="body"/> is the request's body.</summary>
    [Alias("SetPushRuleActions")]
    Task<Outcome<Nothing>> SetPushRuleActions(string kind, string ruleId, ReadOnlyMemory<byte> body);

    /// <summary>The answer to <c>GET /notifications</c>; <paramref name="only"/> is <c>highlight</c> or null.</summary>
    [AlwaysInterleave]
    [Alias("Notifications")]
    Task<Outcome<ReadOnlyMemory<byte>>> Notifications(
        Requester requester, string? from, int limit, string? only, CancellationToken cancellationToken = default);

    /// <summary>What the user's push gateways are to be told: the oldest unread notifications behind a position of the stream, and invitations.</summary>
    /// <param name="limit">The most of them, 1 or more.</param>
    [AlwaysInterleave]
    [Alias("PendingPushes")]
    Task<PendingPushes> PendingPushes(long after, int limit);

    /// <summary>Unread notifications over all rooms.</summary>
    [AlwaysInterleave]
    [Alias("GetUnreadCounts")]
    Task<UnreadCounts> GetUnreadCounts();

    /// <summary>The rooms that the user is joined to.</summary>
    [AlwaysInterleave]
    [Alias("JoinedRooms")]
    Task<ImmutableArray<string>> JoinedRooms();

    /// <summary>Copies the user's tags, push rules and direct-chat mark of a room to the room that replaced it.</summary>
    [Alias("FollowUpgrade")]
    Task FollowUpgrade(RoomId roomId, string successor);

    /// <summary>Rooms that both users are joined to. M_INVALID_PARAM for a bad token.</summary>
    [AlwaysInterleave]
    [Alias("MutualRooms")]
    Task<Outcome<RoomPage>> MutualRooms(string otherUserId, string? from);

    /// <summary>The devices are gone: the messages that wait for them go too. Safe to repeat.</summary>
    [Alias("ForgetDevices")]
    Task ForgetDevices(ImmutableArray<string> deviceIds);

    /// <summary>The user is erased: account data and filters go.</summary>
    [Alias("Erase")]
    Task Erase();
}
