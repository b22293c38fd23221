using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>The algorithm of room v2 to v11, and that of v12 (v2.1): it starts from an empty state and considers the conflicted subgraph.</summary>
internal static class StateResolutionV2
{
    public static async ValueTask<Dictionary<StateKey, string?>> ResolveAsync(
        RoomVersion version, IReadOnlyCollection<ConflictedKey> conflicts, IResolutionSource source, CancellationToken cancellationToken)
    {
        var isV21 = version.StateResolution == StateResolutionAlgorithm.V21;
        var graph = new AuthGraph(source, cancellationToken);
        var common = new CommonState(conflicts, source, cancellationToken);
        var full = await new FullConflictedSet(graph, common, source, cancellationToken).FindAsync(conflicts, withSubgraph: isV21);
        var state = new ResolvedState(version, graph, isV21 ? null : common, await LoadCreateAsync(version, graph, full));
        await state.PrepareAsync(full);

        // Steps 1 and 2.
        var power = PowerOrdering.Sort(full, state.SenderLevel);
        state.Apply(power);

        // Steps 3 and 4.
        var remaining = full.Except(power);
        var mainline = new MainlineOrdering(graph, state.Find(new StateKey(EventTypes.PowerLevels, "")));
        state.Apply(await mainline.SortAsync(remaining));

        return await FinishAsync(conflicts, common, state);
    }

    // Step 5.
    private static async ValueTask<Dictionary<StateKey, string?>> FinishAsync(
        IReadOnlyCollection<ConflictedKey> conflicts, CommonState common, ResolvedState state)
    {
        var result = conflicts.ToDictionary(c => c.Key, c => state.Resolved.GetValueOrDefault(c.Key)?.Id);
        foreach (var (key, node) in state.Resolved)
        {
            if (!result.ContainsKey(key) && await common.LoadAsync(key) is null)
                result.Add(key, node.Id);
        }

        return result;
    }

    // room v12: "The room_id (being the m.room.create event's ID) implies this instead" of the auth events.
    private static async ValueTask<Pdu?> LoadCreateAsync(RoomVersion version, AuthGraph graph, HashSet<AuthNode> full)
    {
        if (!version.RoomIdIsCreateHash || full.FirstOrDefault() is not { } any)
            return null;
        var id = "$" + any.Pdu.RoomId[1..];
        await graph.LoadAsync([id]);
        return graph.Get(id) is { IsRejected: false } create ? create.Pdu : null;
    }
}
