using System.Collections.Immutable;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>
/// What other servers may read of a room; answers are finished response bodies. Key: the room id. M_NOT_FOUND for an unknown room, M_FORBIDDEN for a server
/// that is not in the room or that the room's ACL denies.
/// </summary>
[Alias("IServerReaderGrain"), GrainInterfaceType("IServerReaderGrain")]
public interface IServerReaderGrain : IGrainWithStringKey
{
    /// <summary>Whether the server is in the room and not denied by its ACL.</summary>
    [Alias("MayTakePart")]
    Task<bool> MayTakePart(ServerName origin);

    /// <summary>An event (event/{eventId}).</summary>
    [Alias("Event")]
    Task<Outcome<ReadOnlyMemory<byte>>> Event(ServerName origin, string eventId);

    /// <summary>The state before an event with its auth chain (state, state_ids, send_join). M_NOT_FOUND also where the state is known in part only.</summary>
    /// <param name="omitMembers">
    /// Leave out members, if they are many, but those that name the room, and of the auth chain what is in the state (<c>omit_members</c>).
    /// </param>
    [ResponseTimeout("00:02:00")]
    [Alias("State")]
    Task<Outcome<StateListing>> State(ServerName origin, string eventId, bool omitMembers);

    /// <summary>Some of the events of a listing, as the members of a JSON array without its brackets.</summary>
    [Alias("Pdus")]
    Task<ReadOnlyMemory<byte>> Pdus(ImmutableArray<string> eventIds);

    /// <summary>The ids of an event's auth chain (event_auth).</summary>
    [Alias("EventAuth")]
    Task<Outcome<ImmutableArray<string>>> EventAuth(ServerName origin, string eventId);

    /// <summary>Events up to and including the given ones, newest first (backfill).</summary>
    [Alias("Backfill")]
    Task<Outcome<ReadOnlyMemory<byte>>> Backfill(ServerName origin, ImmutableArray<string> from, int limit);

    /// <summary>Events before the latest and after the earliest ones, oldest first (get_missing_events).</summary>
    [Alias("MissingEvents")]
    Task<Outcome<ReadOnlyMemory<byte>>> MissingEvents(ServerName origin, MissingEventsQuery query);

    /// <summary>The event nearest to a time (timestamp_to_event).</summary>
    [Alias("EventByTimestamp")]
    Task<Outcome<ReadOnlyMemory<byte>>> EventByTimestamp(ServerName origin, long timestamp, bool backward);
}

/// <param name="Limit">The most events to give.</param>
/// <param name="MinDepth">No event of a smaller depth.</param>
[GenerateSerializer, Immutable, Alias("MissingEventsQuery")]
public sealed record MissingEventsQuery(
    [property: Id(0)] ImmutableArray<string> Earliest, [property: Id(1)] ImmutableArray<string> Latest, [property: Id(2)] int Limit,
        [property: Id(3)] long MinDepth);

/// <summary>A state by the ids of its events.</summary>
/// <param name="AuthChain">The events that lead to it, those that others name come before them as far as is known.</param>
/// <param name="MembersOmitted">Members were left out of the state.</param>
[GenerateSerializer, Immutable, Alias("StateListing")]
public sealed record StateListing(
    [property: Id(0)] ImmutableArray<string> State, [property: Id(1)] ImmutableArray<string> AuthChain, [property: Id(2)] bool MembersOmitted = false);
