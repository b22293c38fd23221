using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>Makes rooms for local users; holds no state. Key: the creator's user id.</summary>
[Alias("IRoomFactoryGrain"), GrainInterfaceType("IRoomFactoryGrain")]
public interface IRoomFactoryGrain : IGrainWithStringKey
{
    /// <summary>Makes a room as <c>/createRoom</c> says; answers its id.</summary>
    [Alias("Create")]
    Task<Outcome<string>> Create(RoomRequest request);
}
