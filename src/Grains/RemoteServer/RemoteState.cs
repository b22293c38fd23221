using System.Collections.Immutable;
using OrleansMatrix.Grains.Room;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Asks a server for the state before an event (S-S API, state and state_ids) and stores its events as outliers as they come.</summary>
internal sealed class RemoteState(RemoteServerServices services, RoomServices rooms)
{
    private const long MaxBytes = 2048L * 1024 * 1024;
    private const int MaxIdsBytes = 128 * 1024 * 1024;
    private const int MaxMissing = 500;
    private const int SinglesAtOnce = 10;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(20);

    // A server may need a while to collect a large state; once its events come, they come one after the other.
    private static readonly TimeSpan s_start = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(1);
    private static readonly IReadOnlySet<string> s_lists = ImmutableHashSet.Create("pdus", "auth_chain");

    /// <summary>The ids of the state's events that are stored and allowed.</summary>
    public async Task<Outcome<ImmutableArray<string>>> RunAsync(
        string server, string roomId, string roomVersion, string eventId, bool idsOnly, CancellationToken cancellationToken)
    {
        if (!RoomVersion.TryGet(roomVersion, out var version))
            return MatrixError.UnsupportedRoomVersion();
        var query = $"{Uri.EscapeDataString(roomId)}?event_id={Uri.EscapeDataString(eventId)}";
        var import = new EventImport(rooms, roomId, version);
        return await Task.Run(
            () => idsOnly ? MissingAsync(server, query, import) : WholeAsync(server, query, import, cancellationToken), cancellationToken);
    }

    private async Task<Outcome<ImmutableArray<string>>> WholeAsync(string server, string query, EventImport import, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(s_start, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            var answer = await services.Api.StreamAsync(
                server, HttpMethod.Get, "/_matrix/federation/v1/state/" + query, default, s_patience, MaxBytes, s_lists, ImmutableHashSet<string>.Empty,
                (list, json) =>
                {
                    silence.CancelAfter(s_silence);
                    return import.AddAsync(json, list == "pdus");
                },
                either.Token);
            if (answer.Error is { } error)
                return error;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return MatrixError.Unknown($"{server} fell silent", 502);
        }

        await import.FinishAsync();
        return import.State.Select(e => e.EventId).ToImmutableArray();
    }

    private async Task<Outcome<ImmutableArray<string>>> MissingAsync(string server, string query, EventImport import)
    {
        if (!(await services.Api.GetAsync(server, "/_matrix/federation/v1/state_ids/" + query, MaxIdsBytes)).TryGet(out var document, out var error))
            return error;
        List<string> state;
        List<string> missing;
        using (document)
        {
            state = RoomSource.Ids(document.RootElement, "pdu_ids");
            var all = state.Concat(RoomSource.Ids(document.RootElement, "auth_chain_ids")).ToHashSet(StringComparer.Ordinal);
            var known = await services.Storage.Events.ExistingAsync(all);
            missing = [.. all.Where(id => !known.Contains(id))];
        }

        if (missing.Count > MaxMissing)
            return MatrixError.TooLarge("Too many events are missing");
        foreach (var some in missing.Chunk(SinglesAtOnce))
        {
            var answers = await Task.WhenAll(some.Select(id => services.Api.GetAsync(server, $"/_matrix/federation/v1/event/{Uri.EscapeDataString(id)}")));
            foreach (var answer in answers)
            {
                if (!answer.TryGet(out var single, out _))
                    continue;
                using (single)
                {
                    foreach (var json in RoomSource.Events(single.RootElement, "pdus"))
                        await import.AddAsync(json, isState: false);
                }
            }
        }

        await import.FinishAsync();
        var stored = await services.Storage.Events.ExistingAsync(state);
        return state.Where(stored.Contains).ToImmutableArray();
    }
}
