namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>Sends a local user's to-device messages; key: the sender's user id.</summary>
[Alias("IToDeviceGrain"), GrainInterfaceType("IToDeviceGrain")]
public interface IToDeviceGrain : IGrainWithStringKey
{
    /// <summary>
    /// Delivers a batch to all its recipients, or to none. A transaction id that the device has used before changes nothing and succeeds.
    /// <paramref name="body"/> is the request body of <c>PUT sendToDevice</c>.
    /// </summary>
    [Alias("Send")]
    Task<Outcome<Nothing>> Send(string deviceId, string eventType, string transactionId, ReadOnlyMemory<byte> body);
}
