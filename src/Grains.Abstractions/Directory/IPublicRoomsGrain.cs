using System.Collections.Immutable;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.Directory;

/// <summary>Lists public rooms; key: the server whose list is asked for.</summary>
[Alias("IPublicRoomsGrain"), GrainInterfaceType("IPublicRoomsGrain")]
public interface IPublicRoomsGrain : IGrainWithStringKey
{
    /// <summary>A page of the list, as a finished response body.</summary>
    [Alias("List")]
    Task<Outcome<ReadOnlyMemory<byte>>> List(PublicRoomsQuery query);
}

/// <summary>The query of the public room list.</summary>
/// <param name="Limit">Rooms in a page; null: the server's choice.</param>
/// <param name="RoomTypes">Null: all; a null element: rooms without a type.</param>
/// <param name="Network">An application service's network; null: this server's own list.</param>
[GenerateSerializer, Immutable, Alias("PublicRoomsQuery")]
public sealed record PublicRoomsQuery(
    [property: Id(0)] int? Limit, [property: Id(1)] string? Since, [property: Id(2)] string? SearchTerm, [property: Id(3)] ImmutableArray<string?>? RoomTypes,
    [property: Id(4)] bool AllNetworks, [property: Id(5)] string? Network);
