namespace OrleansMatrix.Grains.Abstractions.Reading;

/// <summary>The parameters of <c>GET …/messages</c>.</summary>
/// <param name="From">A token; null: the end for <paramref name="Backward"/>, else the start.</param>
/// <param name="To">A token to stop at; null: none.</param>
/// <param name="Filter">A RoomEventFilter as JSON; null: none.</param>
[GenerateSerializer, Immutable, Alias("MessagesRequest")]
public sealed record MessagesRequest(
    [property: Id(0)] Requester Requester, [property: Id(1)] string? From, [property: Id(2)] string? To, [property: Id(3)] bool Backward,
    [property: Id(4)] int Limit, [property: Id(5)] string? Filter);
