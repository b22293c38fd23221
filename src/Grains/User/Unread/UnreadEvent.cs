using System.Text.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>An event that notifies a user.</summary>
/// <param name="Order">Its place in the room's history.</param>
/// <param name="Thread">The thread root's event id, or <c>main</c>.</param>
/// <param name="Actions">The actions of the push rule that matched, a JSON array.</param>
internal sealed record UnreadEvent(HistoryOrder Order, string EventId, string Thread, bool Highlight, JsonElement Actions);
