using System.Buffers;
using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Relations;

/// <summary>
/// The aggregations bundled with an event under <c>m.relations</c> (C-S API, Aggregations of child events). Annotations are not aggregated,
/// and state events get none.
/// </summary>
public sealed record BundledAggregations
{
    /// <summary>The most entries of <c>m.reference</c> that are bundled, so that nobody can make an event grow without bound.</summary>
    public const int MaxReferences = 100;

    /// <summary>The latest valid edit in the clients' form; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Replacement { get; init; }

    /// <summary>The thread that the event is the root of.</summary>
    public ThreadSummary? Thread { get; init; }

    /// <summary>The ids of the events that refer to the event by <c>m.reference</c>.</summary>
    public IReadOnlyCollection<string> References { get; init; } = [];

    /// <summary>True when there is nothing to bundle.</summary>
    public bool IsEmpty => Replacement.IsEmpty && Thread is null && References.Count == 0;

    /// <summary>The value of <c>m.relations</c>; empty when there is nothing to bundle.</summary>
    public ReadOnlyMemory<byte> ToJson()
    {
        if (IsEmpty)
            return default;
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
            WriteTo(writer);
        return buffer.WrittenMemory;
    }

    private void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (References.Count > 0)
        {
            writer.WriteStartObject(RelationTypes.Reference);
            writer.WriteStartArray("chunk"u8);
            foreach (var id in References.Take(MaxReferences))
            {
                writer.WriteStartObject();
                writer.WriteString("event_id"u8, id);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        if (!Replacement.IsEmpty)
        {
            writer.WritePropertyName(RelationTypes.Replace);
            writer.WriteRaw(Replacement.Span);
        }

        if (Thread is not null)
        {
            writer.WritePropertyName(RelationTypes.Thread);
            Thread.WriteTo(writer);
        }

        writer.WriteEndObject();
    }
}
