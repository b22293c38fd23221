using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Room;

/// <param name="AdditionalCreators">For room version 12 and later: <c>additional_creators</c>.</param>
[GenerateSerializer, Immutable, Alias("RoomUpgrade")]
public sealed record RoomUpgrade(
    [property: Id(0)] Requester Requester, [property: Id(1)] string NewVersion, [property: Id(2)] ImmutableArray<string> AdditionalCreators = default);
