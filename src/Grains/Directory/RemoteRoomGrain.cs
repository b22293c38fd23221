using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.RemoteServer;
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

    /// <summary>How long a server that did not answer is not asked again, or one that refused in one walk.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMinutes(1);

    private readonly Dictionary<bool, (ReadOnlyMemory<byte> Answer, DateTimeOffset Until)> _answers = [];
    private readonly Dictionary<string, (DateTimeOffset Until, bool HasRefused)> _resting = new(StringComparer.Ordinal);

    public Task<Outcome<ReadOnlyMemory<byte>>> Hierarchy(ImmutableArray<string> via, bool suggestedOnly) => AskAsync(via, suggestedOnly, goesOn: false);

    public Task<Outcome<ReadOnlyMemory<byte>>> HierarchyGoesOn(ImmutableArray<string> via, bool suggestedOnly) => AskAsync(via, suggestedOnly, goesOn: true);

    private async Task<Outcome<ReadOnlyMemory<byte>>> AskAsync(ImmutableArray<string> via, bool suggestedOnly, bool goesOn)
    {
        if (_answers.TryGetValue(suggestedOnly, out var known) && time.GetUtcNow() < known.Until)
            return known.Answer;
        foreach (var server in via.Distinct(StringComparer.Ordinal).Where(s => s != settings.ServerName.Value).Take(MaxServers))
        {
            if (_resting.TryGetValue(server, out var rest) && time.GetUtcNow() < rest.Until && (goesOn || !rest.HasRefused))
                continue;
            var answer = await remote.HierarchyAsync(server, this.GetPrimaryKeyString(), suggestedOnly);
            if (answer.Ok)
            {
                _answers[suggestedOnly] = (answer.Value, time.GetUtcNow() + s_kept);
                return answer;
            }

            if (CallerQueries.IsRefusal(answer.Error))
                return answer;
            if (_resting.Count >= MaxRemembered)
                _resting.Clear();
            // What it refuses today it may tell as soon as somebody has joined there; only the pages of one walk take it for settled.
            _resting[server] = (time.GetUtcNow() + s_rest, answer.Error.Status is >= 400 and < 500 and not 429);
        }

        return MatrixError.NotFound("No server tells of the room");
    }
}
