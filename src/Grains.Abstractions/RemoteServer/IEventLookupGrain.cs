namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>Finds events of which only the id is known. Key: <see cref="Key"/>.</summary>
[Alias("IEventLookupGrain"), GrainInterfaceType("IEventLookupGrain")]
public interface IEventLookupGrain : IGrainWithStringKey
{
    /// <summary>The one key.</summary>
    const string Key = "server";

    /// <summary>The room of an event; null if this server does not have it.</summary>
    [Alias("RoomOf")]
    Task<string?> RoomOf(string eventId);
}
