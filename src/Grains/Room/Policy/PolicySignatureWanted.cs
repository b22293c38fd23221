using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Room.Policy;

/// <summary>
/// What a change answers when its event needs a policy server's signature first. <see cref="PolicySigning"/> gets it; it never leaves the room.
/// </summary>
/// <param name="EventId">The event.</param>
internal sealed record PolicySignatureWanted(string EventId)
    : MatrixError(ErrCodes.Forbidden, 403, "The event needs the signature of the room's policy server");
