using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>
/// State resolution. It looks at the places where the states differ and at the auth events of what is there, never at the whole of a state.
/// </summary>
public static class StateResolver
{
    /// <summary>
    /// Resolves states into one. Gives what the result has in each conflicted place (null: nothing), and in places where no state has
    /// anything but the algorithm finds an event. In all others the result has what the states have in common.
    /// </summary>
    /// <param name="version">The version of the room.</param>
    /// <param name="conflicts">All places where the states differ, each once.</param>
    /// <param name="source">Events, and what the states have in common.</param>
    /// <param name="cancellationToken">Stops waiting for <paramref name="source"/>.</param>
    public static ValueTask<Dictionary<StateKey, string?>> ResolveAsync(
        RoomVersion version, IReadOnlyCollection<ConflictedKey> conflicts, IResolutionSource source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(conflicts);
        ArgumentNullException.ThrowIfNull(source);
        return conflicts.Count == 0 ? new([])
            : version.StateResolution == StateResolutionAlgorithm.V1 ? StateResolutionV1.ResolveAsync(version, conflicts, source, cancellationToken)
            : StateResolutionV2.ResolveAsync(version, conflicts, source, cancellationToken);
    }
}
