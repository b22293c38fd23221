using System.Collections.Immutable;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <param name="Membership">join, leave or knock.</param>
/// <param name="SupportedVersions">The room versions that the remote server supports (<c>ver</c>).</param>
[GenerateSerializer, Immutable, Alias("MembershipTemplateRequest")]
public sealed record MembershipTemplateRequest(
    [property: Id(0)] ServerName Origin, [property: Id(1)] UserId UserId, [property: Id(2)] string Membership,
    [property: Id(3)] ImmutableArray<string> SupportedVersions);

/// <param name="Event">An unsigned event without hashes, as JSON.</param>
[GenerateSerializer, Immutable, Alias("MembershipTemplate")]
public sealed record MembershipTemplate([property: Id(0)] string RoomVersion, [property: Id(1)] ReadOnlyMemory<byte> Event);
