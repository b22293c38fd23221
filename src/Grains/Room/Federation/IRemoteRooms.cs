using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
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

    /// <summary>Knocks through one of the servers; answers the event with the stripped state (a JSON array) that came back.</summary>
    Task<Outcome<RemoteKnock>> KnockAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via);

    /// <summary>Leaves, or rejects an invite, through one of the servers; answers the event id.</summary>
    Task<Outcome<string>> LeaveAsync(string roomId, string userId, ReadOnlyMemory<byte> content, ImmutableArray<string> via);

    /// <summary>Has the invited user's server sign an invite; answers the event with its signature.</summary>
    Task<Outcome<ReadOnlyMemory<byte>>> InviteAsync(string server, Pdu invite, ReadOnlyMemory<byte> strippedState);
}

/// <summary>An accepted knock.</summary>
public sealed record RemoteKnock(string EventId, ReadOnlyMemory<byte> StrippedState);
