using Orleans.Concurrency;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>Another server: sends what waits for it, in order, and takes what it sends. Key: the server name.</summary>
[Alias("IRemoteServerGrain"), GrainInterfaceType("IRemoteServerGrain")]
public interface IRemoteServerGrain : IGrainWithStringKey
{
    /// <summary>Something was queued for the server; answers for how many milliseconds it will not be tried, 0 if it is tried now.</summary>
    [Alias("Wake")]
    Task<long> Wake();

    /// <summary>The server was heard of: it is worth trying again at once.</summary>
    [OneWay]
    [Alias("SeenAlive")]
    Task SeenAlive();

    /// <summary>
    /// Takes a transaction (S-S API, PUT send/{txnId}) and answers the response's body. A transaction id that was answered before gets the same answer again.
    /// </summary>
    [Alias("Receive")]
    Task<Outcome<ReadOnlyMemory<byte>>> Receive(string transactionId, ReadOnlyMemory<byte> body);
}
