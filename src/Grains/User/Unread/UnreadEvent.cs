using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>An event that notifies a user. There are as many as a thousand for each room of each user, so it is small.</summary>
/// <param name="Order">Its place in the room's history.</param>
/// <param name="Thread">The thread root's event id, or <c>main</c>.</param>
/// <param name="Highlight">The push rule that matched says so.</param>
internal readonly record struct UnreadEvent(HistoryOrder Order, string Thread, bool Highlight);
