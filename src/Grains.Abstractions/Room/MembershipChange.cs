using System.Collections.Immutable;

namespace OrleansMatrix.Grains.Abstractions.Room;

[GenerateSerializer, Alias("MembershipAction")]
public enum MembershipAction { Join, Leave, Invite, Kick, Ban, Unban, Knock }

/// <summary>A change of a user's membership.</summary>
/// <param name="Target">Whose membership; the requester's own for join, leave and knock.</param>
/// <param name="Via">Servers to ask if this server is not in the room.</param>
/// <param name="ThirdPartySigned">For a join: the <c>third_party_signed</c> object; null for none.</param>
/// <param name="Content">
/// For a join by <c>PUT …/state/m.room.member</c>: the content that the client gave, as a JSON object; null: the user's profile.
/// </param>
/// <param name="Extra">Members to add to a content that the server writes, as a JSON object; null for none.</param>
[GenerateSerializer, Immutable, Alias("MembershipChange")]
public sealed record MembershipChange(
    [property: Id(0)] Requester Requester, [property: Id(1)] MembershipAction Action, [property: Id(2)] string Target, [property: Id(3)] string? Reason = null,
    [property: Id(4)] ImmutableArray<string> Via = default, [property: Id(5)] ReadOnlyMemory<byte>? ThirdPartySigned = null,
    [property: Id(6)] ReadOnlyMemory<byte>? Content = null, [property: Id(7)] bool IsDirect = false, [property: Id(8)] ReadOnlyMemory<byte>? Extra = null);
