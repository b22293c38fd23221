using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>The authenticated user behind a request, as the gateway established it.</summary>
/// <param name="UserId">Full user id.</param>
/// <param name="DeviceId">The device of the access token; empty for an application service without a device.</param>
/// <param name="AppServiceId">Set if an application service acts, as itself or as one of its users.</param>
/// <param name="Suspended">The account may only do what a suspended account may (CS API, account suspension).</param>
[GenerateSerializer, Immutable, Alias("Requester")]
public sealed record Requester(
    [property: Id(0)] UserId UserId, [property: Id(1)] string DeviceId, [property: Id(2)] bool IsGuest = false, [property: Id(3)] bool IsAdmin = false,
    [property: Id(4)] string? AppServiceId = null, [property: Id(5)] bool Suspended = false);
