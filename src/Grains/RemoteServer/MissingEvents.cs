using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Gets what events of a room need to be judged from the server that sent them: first the events between them and what is known (<see cref="EventsBetween"/>),
/// then, where the gap is too wide, the state before it (state_ids, state, event). One for each room of a transaction: what it asks for is bounded over all of
/// its events.
/// </summary>
internal sealed class MissingEvents(RemoteServerServices services, RoomSource source, string roomId)
{
    /// <summary>Gaps of one transaction in one room for which the events between are asked for.</summary>
    private const int MaxGaps = 10;

    /// <summary>States, or auth chains, of one transaction in one room that are asked for: each can be large.</summary>
    private const int MaxStates = 4;

    /// <summary>Events of a gap that the room is given at once, each on top of those before it.</summary>
    private const int AtOnce = 50;

    private int _gaps;
    private int _states;

    public static bool IsMissing(JudgedPdu judged) => judged.Verdict is PduVerdict.MissingAuthEvents or PduVerdict.MissingPrevEvents;

    /// <summary>It cannot be judged, or those that follow it cannot.</summary>
    public static bool LacksState(JudgedPdu judged) => IsMissing(judged) || judged is { Verdict: PduVerdict.Rejected, Missing.Length: > 0 };

    /// <summary>The verdict on the event once what could be had was there.</summary>
    /// <param name="askForState">Where the gap cannot be closed, ask for the state before the event.</param>
    public async Task<JudgedPdu> FillAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged, bool askForState = true)
    {
        // An event before it in the same transaction may have been what was missing.
        judged = await PushAsync(pdu, judged, default);
        // Missing auth events mostly are in the gap, too.
        if (LacksState(judged) && !source.HasFailed && _gaps++ < MaxGaps)
        {
            await TakeAsync(await BetweenAsync(pdu));
            judged = await PushAsync(pdu, judged, default);
        }

        return IsMissing(judged) && askForState ? await WithStateAsync(pdu, judged, isEdge: false) : judged;
    }

    /// <summary>The verdict on the event by the state before it, as the server tells it.</summary>
    public Task<JudgedPdu> WithStateAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged) => WithStateAsync(pdu, judged, isEdge: false);

    /// <summary>The verdict on an event that could not be judged, which is kept to be judged later.</summary>
    public Task<JudgedPdu> StageAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged) => PushAsync(pdu, judged, default, stage: true);

    /// <summary>Takes the events of a gap, each behind those that it follows.</summary>
    private async Task TakeAsync(List<ReadOnlyMemory<byte>> left)
    {
        while (left.Count > 0)
        {
            var later = new List<ReadOnlyMemory<byte>>();
            JudgedPdu? first = null;
            foreach (var some in left.Chunk(AtOnce))
            {
                var received = await source.Room.ReceivePdus(new RemotePdus(ServerName.Parse(source.Server), [.. some]));
                for (var i = 0; i < some.Length && received.Ok; i++)
                {
                    if (!LacksState(received.Value.Pdus[i]))
                        continue;
                    first ??= received.Value.Pdus[i];
                    later.Add(some[i]);
                }
            }

            // Where none could be judged the first stands at the edge of the gap.
            if (later.Count == left.Count)
            {
                await WithStateAsync(later[0], first!, isEdge: true);
                later.RemoveAt(0);
            }

            left = later;
        }
    }

    private async Task<JudgedPdu> WithStateAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged, bool isEdge)
    {
        // Without an answer nobody knows how wide the gap is: its events would be missing for good. The next event shows the way to this one.
        if (source.HasFailed)
            return judged;
        if (judged.Verdict == PduVerdict.MissingAuthEvents)
            judged = await WithAuthEventsAsync(pdu, judged);
        if (!LacksState(judged))
            return judged;

        // The state before the event comes with its auth chain.
        var state = await StateBeforeAsync(judged.EventId);
        if (!state.IsDefault)
            return await PushAsync(pdu, judged, state);
        return isEdge ? await WithStatesAtMissingAsync(pdu, judged) : judged;
    }

    private async Task<JudgedPdu> WithAuthEventsAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged)
    {
        if (_states++ >= MaxStates)
            return judged;
        await source.FetchAuthChainAsync(judged.EventId);
        judged = await PushAsync(pdu, judged, default);
        if (judged.Verdict != PduVerdict.MissingAuthEvents)
            return judged;

        // Not every server tells the chain of every event that it has.
        await source.AddOutliersAsync(await source.SinglesAsync(judged.Missing));
        return await PushAsync(pdu, judged, default);
    }

    // A server that cannot tell the state before its event may know it before the events that it follows.
    private async Task<JudgedPdu> WithStatesAtMissingAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged)
    {
        var states = ImmutableArray.CreateBuilder<StateAtEvent>(judged.Missing.Length);
        foreach (var id in judged.Missing)
        {
            var missing = await source.SinglesAsync([id]);
            var before = missing.Count > 0 ? await StateBeforeAsync(id) : default;
            if (before.IsDefaultOrEmpty)
                return judged;
            await source.AddOutliersAsync(missing);
            states.Add(new StateAtEvent(id, before));
        }

        return await PushAsync(pdu, judged, default, states.ToImmutable());
    }

    private async Task<JudgedPdu> PushAsync(
        ReadOnlyMemory<byte> pdu, JudgedPdu before, ImmutableArray<string> state, ImmutableArray<StateAtEvent> atMissing = default, bool stage = false)
    {
        var received = await source.Room.ReceivePdus(new RemotePdus(ServerName.Parse(source.Server), [pdu], state, atMissing, stage));
        return received.Ok ? received.Value.Pdus[0] : before;
    }

    private async Task<List<ReadOnlyMemory<byte>>> BetweenAsync(ReadOnlyMemory<byte> json) =>
        await services.Storage.Rooms.GetAsync(roomId) is { } room && RoomVersion.TryGet(room.Version, out var version) &&
            Pdu.Parse(json, version).TryGet(out var pdu, out _)
            ? (await new EventsBetween(services.Storage, services.Server, source, room, version).GetAsync(pdu)).ConvertAll(p => p.Json)
            : [];

    private async Task<ImmutableArray<string>> StateBeforeAsync(string eventId)
    {
        // Of a room whose members are missing, the state is not asked for before it is made whole.
        if (await services.Storage.PartialRooms.GetAsync(roomId) is not null)
            return [];
        return _states++ < MaxStates ? await source.StateBeforeAsync(eventId) : default;
    }
}
