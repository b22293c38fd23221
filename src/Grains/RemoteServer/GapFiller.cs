using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Fills a part of a gap in a room's history from one server (S-S API, Backfilling and retrieving missing events).</summary>
internal sealed class GapFiller(RemoteServerServices services, RoomSource source, string roomId)
{
    /// <summary>Events of one answer whose state is asked for; those behind further edges are placed without.</summary>
    private const int MaxStates = 3;

    /// <summary>As many edges of a gap are asked from at once.</summary>
    private const int MaxEdges = 50;

    /// <summary>True if the gap is smaller now.</summary>
    public async Task<bool> RunAsync(long anchor)
    {
        var edges = await services.Storage.Events.BackwardExtremitiesAsync(roomId, anchor, MaxEdges);
        if (edges.Count == 0)
            return false;
        var pdus = (await source.BackfillAsync(edges)).ToImmutableArray();
        var received = await PlaceAsync(anchor, pdus, [], isLastTry: false);
        if (received is not { IsMissing: true })
            return received is { IsProgress: true };
        if (received.MissingAuth.Length > 0)
            await source.AddOutliersAsync(await source.SinglesAsync(received.MissingAuth));
        var states = ImmutableArray.CreateBuilder<StateAtEvent>();
        foreach (var eventId in received.NeedState.Reverse().Take(MaxStates))
        {
            if (await source.StateBeforeAsync(eventId) is { IsDefault: false } state)
                states.Add(new StateAtEvent(eventId, state));
        }

        return await PlaceAsync(anchor, pdus, states.ToImmutable(), isLastTry: true) is { IsProgress: true };
    }

    /// <summary>Fetches one event of a gap with the state before it, which says who may see it. True if it found a place.</summary>
    public static async Task<bool> FetchAsync(RoomSource source, string eventId)
    {
        var found = await source.SinglesAsync([eventId]);
        if (found.Count == 0 || await source.StateBeforeAsync(eventId) is not { IsDefault: false } state)
            return false;
        var outcome = await source.Room.ReceiveHistory(
            new HistoricPdus(ServerName.Parse(source.Server), null, [found[0]], [new StateAtEvent(eventId, state)], IsLastTry: true));
        return outcome is { Ok: true, Value.Placed: > 0 };
    }

    private async Task<HistoryReceived?> PlaceAsync(long anchor, ImmutableArray<ReadOnlyMemory<byte>> pdus, ImmutableArray<StateAtEvent> states, bool isLastTry)
    {
        var outcome = await source.Room.ReceiveHistory(new HistoricPdus(ServerName.Parse(source.Server), anchor, pdus, states, isLastTry));
        return outcome.Ok ? outcome.Value : null;
    }
}
