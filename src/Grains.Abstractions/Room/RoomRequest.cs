using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>The body of <c>POST /createRoom</c>.</summary>
/// <param name="Visibility"><c>public</c> or <c>private</c>; null: private.</param>
/// <param name="AliasLocalpart"><c>room_alias_name</c>.</param>
/// <param name="CreationContent">A JSON object; null for none.</param>
/// <param name="PowerLevels"><c>power_level_content_override</c>, a JSON object; null for none.</param>
/// <param name="InvitesByThirdPartyId">The number of entries of <c>invite_3pid</c>; there is no identity server to ask, so they are refused.</param>
[GenerateSerializer, Immutable, Alias("RoomRequest")]
public sealed record RoomRequest(
    [property: Id(0)] Requester Requester,
    [property: Id(1)] string? Visibility,
    [property: Id(2)] string? Preset,
    [property: Id(3)] string? RoomVersion,
    [property: Id(4)] string? AliasLocalpart,
    [property: Id(5)] string? Name,
    [property: Id(6)] string? Topic,
    [property: Id(7)] ImmutableArray<string> Invites,
    [property: Id(8)] int InvitesByThirdPartyId,
    [property: Id(9)] bool IsDirect,
    [property: Id(10)] ReadOnlyMemory<byte>? CreationContent,
    [property: Id(11)] ReadOnlyMemory<byte>? PowerLevels,
    [property: Id(12)] ImmutableArray<StateDraft> InitialState);
