namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>The parameters of <c>GET /sync</c>.</summary>
/// <param name="Since">The token of the last answer; null: from nothing.</param>
/// <param name="Filter">A filter id, or a filter as JSON if it begins with <c>{</c>; null: none.</param>
/// <param name="SetPresence"><c>online</c>, <c>unavailable</c> or <c>offline</c>; null: online.</param>
/// <param name="TimeoutMs">How long to wait for something to tell, milliseconds; at most five minutes.</param>
[GenerateSerializer, Immutable, Alias("SyncRequest")]
public sealed record SyncRequest(
    [property: Id(0)] Requester Requester, [property: Id(1)] string? Since, [property: Id(2)] string? Filter, [property: Id(3)] bool FullState,
    [property: Id(4)] string? SetPresence, [property: Id(5)] long TimeoutMs, [property: Id(6)] bool UseStateAfter);
