using System.Text.Json;
using OrleansMatrix.Grains.Room.InMemory;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Grains.Room.Receiving;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Room.Sending;

/// <summary>
/// Builds a local user's event on top of the room's extremities and checks it. Its state before is the current state, and its auth events are taken from
/// there, so that the three checks of a remote event are one here.
/// </summary>
internal static class BuildLocalEvent
{
    /// <summary>
    /// The event with the state before it; M_FORBIDDEN if the rules do not allow it, M_INVALID_PARAM if they never could, M_TOO_LARGE, M_BAD_JSON.
    /// </summary>
    public static async ValueTask<Outcome<(Pdu Pdu, StateView Before)>> RunAsync(ActiveRoom room, EventDraft draft)
    {
        var parents = room.Extremities;
        var before = room.Current;
        if (parents.Count > Pdu.MaxPrevEvents)
        {
            parents = [.. parents.OrderByDescending(e => e.Depth).Take(Pdu.MaxPrevEvents)];
            before = room.View(await ResolveState.OfAsync(room, [.. parents.Select(e => e.StateAfter)]));
        }

        var content = default(JsonElement);
        if (draft.Type == EventTypes.Member && !JsonBytes.TryParseObject(draft.Content, out content))
            return MatrixError.BadJson("Content is not an object");
        var keys = AuthTypes.For(room.Version, draft.Type, draft.Sender, draft.StateKey, content);
        await before.LoadAsync(keys);
        var authEvents = new List<Pdu>(keys.Length);
        foreach (var key in keys)
        {
            if (before.Get(key.Type, key.Key) is { } auth)
                authEvents.Add(auth);
        }

        var hashes = room.Version.EventReferencesCarryHashes ? await ReferenceHashesAsync(room, parents, authEvents) : null;
        var built = new PduBuilder
        {
            Sender = draft.Sender,
            Type = draft.Type,
            StateKey = draft.StateKey,
            Content = draft.Content,
            RoomId = room.RoomId,
            Redacts = draft.Redacts,
            PrevEvents = [.. parents.Select(e => e.EventId)],
            AuthEvents = authEvents.ConvertAll(e => e.EventId),
            ReferenceHashes = hashes,
            Depth = Math.Min(parents.Count == 0 ? 1 : parents.Max(e => e.Depth) + 1, CanonicalJson.MaxInteger),
            OriginServerTs = draft.Timestamp ?? room.Services.Now,
            EventId = NewEventId(room),
        }.Build(room.Version, room.Services.Server.Name, room.Services.Server.Key);
        if (!built.TryGet(out var pdu, out var error))
            return error;
        // It would send the room's members round in a circle.
        if (pdu.Type == EventTypes.Tombstone && pdu.GetContentString("replacement_room"u8) == room.RoomId)
            return MatrixError.InvalidParam("A room cannot be replaced by itself");
        var verdict = AuthRules.Check(room.Version, pdu, before);
        if (verdict.IsAllowed)
            return await PolicySigning.PassAsync(room, draft, pdu, before);
        // What no power could allow is the request's fault.
        var reason = $"Not allowed by the room ({verdict.RuleNumber}: {verdict.Text})";
        return pdu.Type == EventTypes.Create || verdict.Rule == AuthRule.PowerLevelsNameCreator ? MatrixError.InvalidParam(reason)
            : MatrixError.Forbidden(reason);
    }

    private static string? NewEventId(ActiveRoom room) => room.Version.EventIdFormat == EventIdFormat.Given
        ? $"${RandomText.Base62(room.Services.Random, 24)}:{room.Services.Server.Name}"
        : null;

    private static async ValueTask<Dictionary<string, string>> ReferenceHashesAsync(ActiveRoom room, IEnumerable<Extremity> parents, List<Pdu> authEvents)
    {
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var known in (await room.Events.GetManyAsync(parents.Select(e => e.EventId))).Values)
            hashes[known.Pdu.EventId] = EventHashes.ComputeReferenceHash(known.Pdu);
        foreach (var auth in authEvents)
            hashes[auth.EventId] = EventHashes.ComputeReferenceHash(auth);
        return hashes;
    }
}
