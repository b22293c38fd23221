using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Directory;

/// <summary>A room in the tree of a space.</summary>
/// <param name="Summary">The members of its summary, as an object.</param>
internal sealed record SpaceRoom(ReadOnlyMemory<byte> Summary, IReadOnlyList<SpaceChild> Children)
{
    public static SpaceRoom Of(RoomDescription room, IReadOnlyList<SpaceChild> children) => new(JsonBytes.Object(room.WriteMembers), children);

    /// <summary>Writes the room with <c>children_state</c>.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        using var summary = JsonText.Parse(Summary);
        writer.WriteStartObject();
        JsonBytes.CopyMembers(writer, summary.RootElement);
        writer.WriteStartArray("children_state"u8);
        foreach (var child in Children)
            writer.WriteRaw(child.Stripped.Span);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
