using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>Delivers a user's to-device messages; key: the sender's user id, of this server or another.</summary>
[Alias("IToDeviceGrain"), GrainInterfaceType("IToDeviceGrain")]
public interface IToDeviceGrain : IGrainWithStringKey
{
    /// <summary>
    /// Delivers a batch to all its recipients, or to none. A transaction id that the device has used before changes nothing and succeeds.
    /// <paramref name="body"/> is the request body of <c>PUT sendToDevice</c>.
    /// </summary>
    [Alias("Send")]
    Task<Outcome<Nothing>> Send(string deviceId, string eventType, string transactionId, ReadOnlyMemory<byte> body);

    /// <summary>
    /// Delivers what the sender's server sends to local users (S-S API, Send-to-device messaging): once for each message id, and not at all if part of it
    /// cannot be.
    /// </summary>
    /// <param name="eventType">The messages' type.</param>
    /// <param name="messageId">Unique among the sender's.</param>
    /// <param name="messages">A JSON object: contents by user and device.</param>
    [Alias("Receive")]
    Task Receive(string eventType, string messageId, ReadOnlyMemory<byte> messages);
}
