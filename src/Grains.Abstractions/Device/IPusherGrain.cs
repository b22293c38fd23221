namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>A user's pushers; key: user id.</summary>
public interface IPusherGrain : IGrainWithStringKey
{
    /// <summary>The pushers, as a finished response body.</summary>
    Task<ReadOnlyMemory<byte>> List();

    /// <summary>Adds, replaces or (kind null) deletes a pusher. <paramref name="body"/> is the request body of <c>POST pushers/set</c>.</summary>
    Task<Outcome<Nothing>> Set(string deviceId, ReadOnlyMemory<byte> body);
}
