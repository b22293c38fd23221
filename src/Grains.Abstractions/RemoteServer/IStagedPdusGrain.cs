using System.Collections.Immutable;
using Orleans.Concurrency;

namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>
/// Sees to it that events of a room that were taken and could not be judged are judged, once what they follow comes or can be had (ADR 0035). Key: the room id.
/// All calls are hints: what is not done after a hint is done in time.
/// </summary>
[Alias("IStagedPdusGrain"), GrainInterfaceType("IStagedPdusGrain")]
public interface IStagedPdusGrain : IGrainWithStringKey
{
    /// <summary>Events wait.</summary>
    /// <param name="isNew">One that was not there before: it is worth a try soon.</param>
    [OneWay]
    [Alias("Wake")]
    Task Wake(bool isNew);

    /// <summary>What these events wait for has come.</summary>
    [OneWay]
    [Alias("Arrived")]
    Task Arrived(ImmutableArray<string> eventIds);

    /// <summary>A server of the room was heard of.</summary>
    [OneWay]
    [Alias("ServerSeenAlive")]
    Task ServerSeenAlive(string server);
}
