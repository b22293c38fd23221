using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Reading;

/// <summary>
/// What clients read of a room: committed events and state only, as far as the requester may see them. Holds no state; never waits for the room's
/// writer, but for what needs all members of a room that was joined without them. Key: the room id. Answers are finished JSON.
/// </summary>
[Alias("IRoomReaderGrain"), GrainInterfaceType("IRoomReaderGrain")]
public interface IRoomReaderGrain : IGrainWithStringKey
{
    /// <summary>One event. M_NOT_FOUND if there is none that the requester may see.</summary>
    [Alias("Event")]
    Task<Outcome<ReadOnlyMemory<byte>>> Event(Requester requester, EventId eventId);

    /// <summary>An event with what is around it.</summary>
    [Alias("Context")]
    Task<Outcome<ReadOnlyMemory<byte>>> Context(Requester requester, EventId eventId, int limit, string? filter);

    /// <summary>A page of the room's history.</summary>
    [Alias("Messages")]
    Task<Outcome<ReadOnlyMemory<byte>>> Messages(MessagesRequest request);

    /// <summary>The whole state: the current one, or for who has left that at the leaving.</summary>
    [ResponseTimeout("00:01:30")]
    [Alias("State")]
    Task<Outcome<ReadOnlyMemory<byte>>> State(Requester requester);

    /// <summary>The content of a state event, or with <paramref name="wholeEvent"/> the event.</summary>
    [ResponseTimeout("00:01:30")]
    [Alias("StateEvent")]
    Task<Outcome<ReadOnlyMemory<byte>>> StateEvent(Requester requester, string type, string stateKey, bool wholeEvent);

    /// <summary>The members' events; <paramref name="at"/> is a token, null: now.</summary>
    [ResponseTimeout("00:01:30")]
    [Alias("Members")]
    Task<Outcome<ReadOnlyMemory<byte>>> Members(Requester requester, string? at, string? membership, string? notMembership);

    /// <summary>The joined members with their profiles.</summary>
    [ResponseTimeout("00:01:30")]
    [Alias("JoinedMembers")]
    Task<Outcome<ReadOnlyMemory<byte>>> JoinedMembers(Requester requester);

    /// <summary>Events that relate to an event.</summary>
    [Alias("Relations")]
    Task<Outcome<ReadOnlyMemory<byte>>> Relations(RelationsRequest request);

    /// <summary>Thread roots, the most lately active first; <paramref name="include"/> is <c>all</c> or <c>participated</c>.</summary>
    [Alias("Threads")]
    Task<Outcome<ReadOnlyMemory<byte>>> Threads(Requester requester, string? include, int limit, string? from);

    /// <summary>The event nearest to a time, milliseconds since the epoch.</summary>
    [Alias("EventByTimestamp")]
    Task<Outcome<ReadOnlyMemory<byte>>> EventByTimestamp(Requester requester, long timestamp, bool backward);

    /// <summary>The answer to the deprecated <c>GET …/initialSync</c>.</summary>
    [Alias("InitialSync")]
    Task<Outcome<ReadOnlyMemory<byte>>> InitialSync(Requester requester, int limit);
}
