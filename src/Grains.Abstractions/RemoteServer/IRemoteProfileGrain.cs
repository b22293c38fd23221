using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>The profile of a user of another server, as that server told it a short time ago. Key: the user id.</summary>
[Alias("IRemoteProfileGrain"), GrainInterfaceType("IRemoteProfileGrain")]
public interface IRemoteProfileGrain : IGrainWithStringKey
{
    /// <summary>The profile, or the one field of it, as a JSON object. M_NOT_FOUND if there is none; 502 if the server cannot be reached.</summary>
    [Alias("Get")]
    Task<Outcome<ReadOnlyMemory<byte>>> Get(string? field);
}
