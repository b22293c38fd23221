using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Room.Commits;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Room.Sending;

/// <summary>
/// The aliases that an m.room.canonical_alias event newly names must point to the room (C-S API, PUT state). Asks the directory, and so runs before the
/// room's turn.
/// </summary>
internal sealed class CanonicalAliasCheck(IGrainFactory grains)
{
    private const int MaxAliases = 100;

    /// <summary>M_INVALID_PARAM for what is no alias, M_BAD_ALIAS for one that points elsewhere; null if all is well.</summary>
    public async Task<MatrixError?> FindFaultAsync(RoomActivation activation, StateToSet state)
    {
        if (!JsonBytes.TryParseObject(state.Content, out var content))
            return MatrixError.BadJson("Content is not an object");
        if (!TryRead(content, out var aliases))
            return MatrixError.InvalidParam("alias must be a string and alt_aliases a list of strings");
        var known = await activation.ReadAsync(room => PresentAsync(room, state.StateKey));
        foreach (var alias in aliases)
        {
            if (known.Contains(alias))
                continue;
            if (!RoomAlias.IsValid(alias))
                return MatrixError.InvalidParam($"'{alias}' is not a room alias");
            var target = await grains.GetGrain<IRoomAliasGrain>(alias).Resolve();
            if (!target.Ok || target.Value.RoomId != activation.RoomId)
                return MatrixError.BadAlias($"The alias '{alias}' does not point to this room");
        }

        return null;
    }

    private static async ValueTask<HashSet<string>> PresentAsync(ActiveRoom? room, string stateKey)
    {
        if (room is null || await room.Current.FindAsync(EventTypes.CanonicalAlias, stateKey) is not { } present)
            return [];
        return TryRead(present.Content, out var aliases) ? aliases : [];
    }

    private static bool TryRead(JsonElement content, out HashSet<string> aliases)
    {
        aliases = new HashSet<string>(StringComparer.Ordinal);
        // An empty alias is how some clients remove it.
        if (content.TryGetProperty("alias", out var alias) && alias.ValueKind != JsonValueKind.Null)
        {
            if (alias.ValueKind != JsonValueKind.String)
                return false;
            if (alias.GetString() is { Length: > 0 } text)
                aliases.Add(text);
        }

        if (!content.TryGetProperty("alt_aliases", out var others) || others.ValueKind == JsonValueKind.Null)
            return true;
        if (others.ValueKind != JsonValueKind.Array || others.GetArrayLength() > MaxAliases)
            return false;
        foreach (var other in others.EnumerateArray())
        {
            if (other.ValueKind != JsonValueKind.String)
                return false;
            aliases.Add(other.GetString()!);
        }

        return true;
    }
}
