namespace OrleansMatrix.Protocol.Push;

/// <summary>The user for whom rules are evaluated.</summary>
/// <param name="UserId">The user id.</param>
/// <param name="DisplayName">The user's display name in the room, if any.</param>
public readonly record struct PushUser(string UserId, string? DisplayName);
