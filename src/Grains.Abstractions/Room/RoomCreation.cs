using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Room;

/// <summary>A room's first events.</summary>
/// <param name="CreateEvent">The signed m.room.create event in the federation format.</param>
/// <param name="Drafts">The state events after it, in order, all sent by the creator.</param>
/// <param name="Public">Show the room in the public room list.</param>
/// <param name="Alias">A local alias to take in the same commit; null for none.</param>
[GenerateSerializer, Immutable, Alias("RoomCreation")]
public sealed record RoomCreation(
    [property: Id(0)] string RoomVersion, [property: Id(1)] ReadOnlyMemory<byte> CreateEvent, [property: Id(2)] ImmutableArray<StateDraft> Drafts,
    [property: Id(3)] bool Public, [property: Id(4)] string? Alias = null);
