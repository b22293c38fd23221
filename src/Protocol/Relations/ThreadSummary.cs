using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Relations;

/// <summary>What is bundled with a thread root (C-S API, Server-side aggregation of m.thread relationships).</summary>
/// <param name="LatestEvent">The latest event of the thread by a user who is not ignored, in the clients' form, its own aggregations included.</param>
/// <param name="Count">The number of events of the thread by users who are not ignored.</param>
/// <param name="CurrentUserParticipated">The user sent the root or an event of the thread.</param>
public sealed record ThreadSummary(ReadOnlyMemory<byte> LatestEvent, long Count, bool CurrentUserParticipated)
{
    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("count"u8, Count);
        writer.WriteBoolean("current_user_participated"u8, CurrentUserParticipated);
        writer.WritePropertyName("latest_event"u8);
        writer.WriteRaw(LatestEvent.Span);
        writer.WriteEndObject();
    }
}
