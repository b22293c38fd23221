using System.Collections.Immutable;
using OrleansMatrix.Grains.Abstractions.Room.Federation;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Gets what events of a room need to be judged from the server that sent them: first the events between them and what is known (get_missing_events), then, where the gap
/// is too wide, the state before it (state_ids, state, event). One for each room of a transaction: what it asks for is bounded over all of its events.
/// </summary>
internal sealed class MissingEvents(RemoteServerServices services, RoomSource source, string roomId)
{
    /// <summary>Gaps of one transaction in one room for which the events between are asked for.</summary>
    private const int MaxGaps = 10;

    /// <summary>States, or auth chains, of one transaction in one room that are asked for: each can be large.</summary>
    private const int MaxStates = 3;

    private int _gaps;
    private int _states;

    public static bool IsMissing(JudgedPdu judged) => judged.Verdict is PduVerdict.MissingAuthEvents or PduVerdict.MissingPrevEvents;

    /// <summary>The verdict on the event once what could be had was there.</summary>
    public async Task<JudgedPdu> FillAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged)
    {
        // An event before it in the same transaction may have been what was missing.
        judged = await PushAsync(pdu, judged, default);
        // Missing auth events mostly are in the gap, too.
        if (IsMissing(judged) && _gaps++ < MaxGaps)
        {
            await TakeAsync(await BetweenAsync(judged.EventId));
            judged = await PushAsync(pdu, judged, default);
        }

        return IsMissing(judged) ? await WithStateAsync(pdu, judged) : judged;
    }

    /// <summary>Takes the events of a gap, oldest first as far as the depths that they claim tell.</summary>
    private async Task TakeAsync(List<ReadOnlyMemory<byte>> left)
    {
        while (left.Count > 0)
        {
            var later = new List<ReadOnlyMemory<byte>>();
            JudgedPdu? first = null;
            foreach (var pdu in left)
            {
                var judged = await PushAsync(pdu, new JudgedPdu("", PduVerdict.Dropped, null, []), default);
                if (!IsMissing(judged))
                    continue;
                first ??= judged;
                later.Add(pdu);
            }

            // Where none could be judged the first stands at the edge of the gap.
            if (later.Count == left.Count)
            {
                await WithStateAsync(later[0], first!);
                later.RemoveAt(0);
            }

            left = later;
        }
    }

    private async Task<JudgedPdu> WithStateAsync(ReadOnlyMemory<byte> pdu, JudgedPdu judged)
    {
        ImmutableArray<string> state = default;
        if (judged.Verdict == PduVerdict.MissingPrevEvents)
        {
            state = await StateBeforeAsync(judged.EventId);
            if (state.IsDefault)
                return judged;
            judged = await PushAsync(pdu, judged, state);
        }

        if (judged.Verdict != PduVerdict.MissingAuthEvents || _states++ >= MaxStates)
            return judged;
        await source.FetchAuthChainAsync(judged.EventId);
        judged = await PushAsync(pdu, judged, state);
        if (judged.Verdict == PduVerdict.MissingAuthEvents)
        {
            await source.AddOutliersAsync(await source.SinglesAsync(judged.Missing));
            judged = await PushAsync(pdu, judged, state);
        }

        if (judged.Verdict == PduVerdict.MissingPrevEvents && state.IsDefault)
        {
            state = await StateBeforeAsync(judged.EventId);
            judged = state.IsDefault ? judged : await PushAsync(pdu, judged, state);
        }

        return judged;
    }

    private async Task<JudgedPdu> PushAsync(ReadOnlyMemory<byte> pdu, JudgedPdu before, ImmutableArray<string> state)
    {
        var received = await source.Room.ReceivePdus(new RemotePdus(source.Server, [pdu], state));
        return received.Ok ? received.Value!.Pdus[0] : before;
    }

    private async Task<List<ReadOnlyMemory<byte>>> BetweenAsync(string eventId) =>
        await services.Storage.Rooms.GetAsync(roomId) is { } room ? await source.MissingAsync(room.Extremities, eventId) : [];

    private async Task<ImmutableArray<string>> StateBeforeAsync(string eventId)
    {
        // Of a room whose members are missing, the state is not asked for before it is made whole.
        if (await services.Storage.PartialRooms.GetAsync(roomId) is not null)
            return [];
        return _states++ < MaxStates ? await source.StateBeforeAsync(eventId) : default;
    }
}
