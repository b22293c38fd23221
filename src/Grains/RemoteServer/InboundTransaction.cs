using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Takes one transaction of another server: rooms at the same time, the events of a room in order.</summary>
internal sealed class InboundTransaction(RemoteServerServices services, IGrainFactory grains, ServerName origin)
{
    private const int MaxPdus = 50;
    private const int MaxEdus = 100;

    /// <summary>Completes when the answer is stored too; a repeated transaction is to be answered by the same until then.</summary>
    public Task Kept { get; private set; } = Task.CompletedTask;

    public async Task<Outcome<ReadOnlyMemory<byte>>> RunAsync(string transactionId, ReadOnlyMemory<byte> body)
    {
        if (await services.Storage.Servers.FindInboundTransactionAsync(origin, transactionId) is { } answered)
            return answered;
        // Each event and EDU is judged by itself, so what cannot be read is left out: without a readable room it has no id to answer by.
        using var document = JsonBytes.ParseObject(JsonParts.Readable(body, 1, out var faults), out var error);
        if (document is null)
            return error!;
        if (faults > 0)
            RemoteServerLog.PartsDropped(services.Logger, origin, transactionId, faults);
        if (!TryList(document.RootElement, "pdus", MaxPdus, out var pdus) || !TryList(document.RootElement, "edus", MaxEdus, out var edus))
            return MatrixError.BadJson($"pdus and edus are lists of at most {MaxPdus} and {MaxEdus}");

        // An event without a valid room can be in no room, and without the room's version it has no id to answer by.
        var rooms = pdus.Where(p => RoomOf(p) is not null).GroupBy(p => RoomOf(p)!, JsonBytes.Raw, StringComparer.Ordinal);
        var verdicts = await Task.WhenAll(rooms.Select(room => ReceiveAsync(room.Key, [.. room])));
        await new InboundEdus(services, grains, origin).RunAsync(edus);

        var answer = Write(verdicts.SelectMany(v => v).Where(v => v.EventId.Length > 0));
        Kept = KeepAsync(transactionId, answer);
        return answer;
    }

    // All that the transaction brought is durable, and taking it again would change nothing: nobody needs to wait until its answer is.
    private async Task KeepAsync(string transactionId, ReadOnlyMemory<byte> answer)
    {
        try
        {
            var unit = new WriteUnit();
            services.Storage.Servers.PutInboundTransaction(unit, origin, transactionId, answer, services.Now);
            await services.Storage.CommitAsync(unit);
        }
        catch (Exception fault)
        {
            RemoteServerLog.AnswerNotKept(services.Logger, origin, fault);
        }
    }

    private static bool TryList(JsonElement body, string name, int max, out List<JsonElement> list)
    {
        list = [];
        if (!body.TryGetProperty(name, out var array))
            return name == "edus";
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > max)
            return false;
        list.AddRange(array.EnumerateArray());
        return true;
    }

    private static string? RoomOf(JsonElement pdu) =>
        pdu.ValueKind == JsonValueKind.Object && pdu.TryGetProperty("room_id"u8, out var id) && id.ValueKind == JsonValueKind.String &&
            RoomId.IsValid(id.GetString()) ? id.GetString() : null;

    private async Task<IReadOnlyList<JudgedPdu>> ReceiveAsync(string roomId, ImmutableArray<ReadOnlyMemory<byte>> pdus)
    {
        var received = await grains.GetGrain<IRoomGrain>(roomId).ReceivePdus(new RemotePdus(origin, pdus));
        if (!received.Ok)
            return [];
        var verdicts = received.Value.Pdus.ToArray();
        var missing = new MissingEvents(services, new RoomSource(services, grains, origin, roomId), roomId);
        for (var i = 0; i < verdicts.Length; i++)
        {
            if (MissingEvents.LacksState(verdicts[i]))
                verdicts[i] = await missing.FillAsync(pdus[i], verdicts[i]);
            if (MissingEvents.IsMissing(verdicts[i]))
                verdicts[i] = await missing.StageAsync(pdus[i], verdicts[i]);
        }

        if (verdicts.Any(v => v.Verdict == PduVerdict.Staged))
            await grains.GetGrain<IStagedPdusGrain>(roomId).Wake(isNew: true);

        return verdicts;
    }

    // "If no error is present, the PDU can be considered successfully handled": so what is known already, and what was judged and rejected ("this should not
    // cause the transaction request to be responded to with an error response"), and what is kept to be judged later, but not what was dropped or could not be
    // kept.
    private static ReadOnlyMemory<byte> Write(IEnumerable<JudgedPdu> verdicts) => JsonBytes.Object(writer =>
    {
        writer.WriteStartObject("pdus"u8);
        foreach (var verdict in verdicts.DistinctBy(v => v.EventId))
        {
            writer.WriteStartObject(verdict.EventId);
            if (verdict.Verdict is PduVerdict.Dropped or PduVerdict.MissingPrevEvents or PduVerdict.MissingAuthEvents)
                writer.WriteString("error"u8, verdict.Reason ?? "Events that it follows could not be had");
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    });
}
