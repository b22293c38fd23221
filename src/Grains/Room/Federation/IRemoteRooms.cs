using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Grains.Room.Federation;

/// <summary>
/// What a room needs other servers for (S-S API, Joining, Leaving, Knocking and Inviting). Awaited outside the room's turn; implementations call the room's
/// grain to put what they got in place.
/// </summary>
public interface IRemoteRooms
{
    /// <summary>Joins a room that this server is not in through one of the servers, imports its state, and answers the join's event id.</summary>
    Task<Outcome<string>> JoinAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via);

    /// <summary>
    /// Asks a server of the room for the state before an event; its events are stored as outliers, as far as their auth events allow them. Answers their ids.
    /// </summary>
    /// <param name="server">The server.</param>
    /// <param name="roomId">The room.</param>
    /// <param name="roomVersion">Its version.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="idsOnly">Most of the events are known here: ask for ids, and for those events that are missing. If those are many, it fails.</param>
    /// <param name="cancellationToken">Ends the asking; what came by then stays stored.</param>
    Task<Outcome<ImmutableArray<string>>> StateBeforeAsync(
        string server, string roomId, string roomVersion, string eventId, bool idsOnly = false, CancellationToken cancellationToken = default);

    /// <summary>Knocks through one of the servers; answers the event with what that server tells of the room.</summary>
    Task<Outcome<RemoteKnock>> KnockAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via);

    /// <summary>Leaves, or rejects an invite, through one of the servers; answers the event id.</summary>
    Task<Outcome<string>> LeaveAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via);

    /// <summary>Has the invited user's server sign an invite; answers the event with its signature.</summary>
    /// <param name="server">The server.</param>
    /// <param name="invite">The invite.</param>
    /// <param name="roomState">Events that tell what room it is, a JSON array.</param>
    Task<Outcome<ReadOnlyMemory<byte>>> InviteAsync(string server, Pdu invite, ReadOnlyMemory<byte> roomState);

    /// <summary>
    /// Asks the inviter's server to make a third-party invite; <paramref name="partialEvent"/> is the member event's part that S-S API,
    /// exchange_third_party_invite names.
    /// </summary>
    Task<Outcome<Nothing>> ExchangeInviteAsync(string server, string roomId, ReadOnlyMemory<byte> partialEvent);

    /// <summary>Asks a server for single events of a room; what it does not give is left out, and nothing of what it gives is verified.</summary>
    Task<ImmutableArray<ReadOnlyMemory<byte>>> EventsAsync(string server, string roomId, ImmutableArray<string> eventIds);

    /// <summary>Asks a room's policy server to sign an event; answers the event with that signature, or what the server said.</summary>
    Task<Outcome<ReadOnlyMemory<byte>>> AskPolicyServerAsync(string server, Pdu pdu);
}

/// <summary>An accepted knock.</summary>
/// <param name="Event">The knock.</param>
/// <param name="RoomState">Events that tell what room it is, as that server gave them: a JSON array.</param>
/// <param name="Server">The server that took it.</param>
public sealed record RemoteKnock(Pdu Event, ReadOnlyMemory<byte> RoomState, string Server);
