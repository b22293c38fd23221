namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <summary>An invite of a third-party identifier that a user has proven to own.</summary>
/// <param name="Sender">Who sent the m.room.third_party_invite.</param>
/// <param name="Target">The invited user.</param>
/// <param name="Signed">The <c>signed</c> object of the identity server.</param>
/// <param name="MayForward">From outside the room, ask the sender's server.</param>
[GenerateSerializer, Immutable, Alias("ThirdPartyInvite")]
public sealed record ThirdPartyInvite(
    [property: Id(0)] string Sender, [property: Id(1)] string Target, [property: Id(2)] ReadOnlyMemory<byte> Signed, [property: Id(3)] bool MayForward);
