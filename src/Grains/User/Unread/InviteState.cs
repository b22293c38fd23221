using System.Text.Json;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.User.Unread;

/// <summary>
/// What other servers told of a room with an invitation (C-S API, Stripped state, <c>invite_state</c>). It is their word: of what is missing, or is no event,
/// nothing is known.
/// </summary>
internal sealed class InviteState
{
    private readonly List<JsonElement> _events = [];

    private InviteState()
    {
    }

    /// <summary>The room's name, or its canonical alias.</summary>
    public string? Name => Text("m.room.name", "", "name") ?? Text("m.room.canonical_alias", "", "alias");

    public static InviteState Read(ReadOnlyMemory<byte>? json)
    {
        var state = new InviteState();
        if (json is not { } text || !JsonText.Read(text).TryGet(out var parsed, out _))
            return state;
        using (parsed)
        {
            if (parsed.RootElement.ValueKind == JsonValueKind.Array)
            {
                state._events.AddRange(
                    parsed.RootElement.EnumerateArray().Where(static e => e.ValueKind == JsonValueKind.Object).Select(static e => e.Clone()));
            }
        }

        return state;
    }

    public string? DisplayNameOf(string userId) => Text(EventTypes.Member, userId, "displayname");

    private string? Text(string type, string stateKey, string name) =>
        Find(type, stateKey) is { } found && found.TryGetProperty("content"u8, out var content) && content.ValueKind == JsonValueKind.Object
            ? JsonBytes.StringMember(content, name) : null;

    private JsonElement? Find(string type, string stateKey)
    {
        foreach (var json in _events)
        {
            if (JsonBytes.StringMember(json, "type") == type && JsonBytes.StringMember(json, "state_key") == stateKey)
                return json;
        }

        return null;
    }
}
