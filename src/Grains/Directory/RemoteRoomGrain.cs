using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Directory;

/// <inheritdoc cref="IRemoteRoomGrain"/>
[GrainType("remoteroom")]
public sealed class RemoteRoomGrain(IRemoteDirectory remote, MatrixSettings settings, TimeProvider time) : Grain, IRemoteRoomGrain
{
    /// <summary>Servers that are asked for one answer.</summary>
    private const int MaxServers = 3;
    private const int MaxRemembered = 50;

    /// <summary>S-S API, hierarchy: "Responses to this endpoint should be cached for a period of time."</summary>
    private static readonly TimeSpan s_kept = TimeSpan.FromMinutes(5);

    /// <summary>How long a server that did not tell is not asked again.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMinutes(1);

    private readonly Dictionary<bool, (ReadOnlyMemory<byte> Answer, DateTimeOffset Until)> _answers = [];
    private readonly Dictionary<string, DateTimeOffset> _resting = new(StringComparer.Ordinal);

    public async Task<Outcome<ReadOnlyMemory<byte>>> Hierarchy(ImmutableArray<string> via, bool suggestedOnly)
    {
        if (_answers.TryGetValue(suggestedOnly, out var known) && time.GetUtcNow() < known.Until)
            return known.Answer;
        foreach (var server in via.Distinct(StringComparer.Ordinal).Where(s => s != settings.ServerName.Value).Take(MaxServers))
        {
            if (_resting.TryGetValue(server, out var until) && time.GetUtcNow() < until)
                continue;
            var answer = await remote.HierarchyAsync(server, this.GetPrimaryKeyString(), suggestedOnly);
            if (answer.Ok)
            {
                _answers[suggestedOnly] = (answer.Value, time.GetUtcNow() + s_kept);
                return answer;
            }

            if (_resting.Count >= MaxRemembered)
                _resting.Clear();
            _resting[server] = time.GetUtcNow() + s_rest;
        }

        return MatrixError.NotFound("No server tells of the room");
    }
}
