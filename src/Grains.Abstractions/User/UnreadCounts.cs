namespace OrleansMatrix.Grains.Abstractions.User;

/// <summary>What a user has not read over all rooms, for push notifications.</summary>
/// <param name="Rooms">Rooms with unread notifications.</param>
/// <param name="Notifications">Unread notifications.</param>
[GenerateSerializer, Immutable, Alias("UnreadCounts")]
public sealed record UnreadCounts([property: Id(0)] int Rooms, [property: Id(1)] int Notifications);
