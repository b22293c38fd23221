
namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>The parameters of the deprecated <c>GET /events</c>.</summary>
/// <param name="From">A token; null: now.</param>
/// <param name="RoomId">Only this room, which the user may peek into; null: all joined rooms.</param>
/// <param name="TimeoutMs">How long to wait, milliseconds; at most five minutes.</param>
[GenerateSerializer, Immutable, Alias("OldEventsRequest")]
public sealed record OldEventsRequest(
    [property: Id(0)] Requester Requester, [property: Id(1)] string? From, [property: Id(2)] string? RoomId, [property: Id(3)] long TimeoutMs);
