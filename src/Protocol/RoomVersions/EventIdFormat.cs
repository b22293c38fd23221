namespace OrleansMatrix.Protocol.RoomVersions;

/// <summary>How an event gets its id.</summary>
public enum EventIdFormat
{
    /// <summary>Chosen by the sender's server and carried in <c>event_id</c> (room v1 and v2).</summary>
    Given,

    /// <summary>The reference hash in unpadded Base64 (room v3).</summary>
    ReferenceHash,

    /// <summary>The reference hash in URL-safe unpadded Base64 (room v4 and later).</summary>
    UrlSafeReferenceHash,
}
