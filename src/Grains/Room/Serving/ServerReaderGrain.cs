using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Serving;

/// <inheritdoc cref="IServerReaderGrain"/>
[StatelessWorker, Reentrant]
[GrainType("serverreader")]
public sealed class ServerReaderGrain(ReadServices services, LocalServer self) : Grain, IServerReaderGrain
{
    public async Task<bool> MayTakePart(ServerName origin) => (await ServedRoom.OpenAsync(services, this.GetPrimaryKeyString(), origin)).Ok;

    public Task<Outcome<ReadOnlyMemory<byte>>> Event(ServerName origin, string eventId) => ReadAsync(origin, async served =>
    {
        if (await served.Room.FindAsync(eventId) is not { } row || row.Status.HasFlag(EventStatus.Rejected) || !await served.CanJudgeAsync(row))
            return MatrixError.NotFound("Unknown event");
        return await TransactionAsync(served, [row]);
    });

    public async Task<Outcome<StateListing>> State(ServerName origin, string eventId, bool omitMembers)
    {
        var opened = await ServedRoom.OpenAsync(services, this.GetPrimaryKeyString(), origin);
        return opened.Error is { } error ? error : await ServedState.ListAsync(opened.Value, eventId, omitMembers);
    }

    public async Task<ReadOnlyMemory<byte>> Pdus(ImmutableArray<string> eventIds)
    {
        var rows = (await services.Storage.Events.GetManyAsync(eventIds)).ToDictionary(r => r.EventId, StringComparer.Ordinal);
        var json = new ArrayBufferWriter<byte>(16 * 1024);
        foreach (var eventId in eventIds)
        {
            if (!rows.TryGetValue(eventId, out var row) || row.RoomId != this.GetPrimaryKeyString())
                continue;
            if (json.WrittenCount > 0)
                json.Write(","u8);
            json.Write(row.Json.Span);
        }

        return json.WrittenMemory;
    }

    public async Task<Outcome<ImmutableArray<string>>> EventAuth(ServerName origin, string eventId)
    {
        var opened = await ServedRoom.OpenAsync(services, this.GetPrimaryKeyString(), origin);
        if (opened.Error is { } error)
            return error;
        var room = opened.Value.Room;
        return await room.FindAsync(eventId) is null
            ? MatrixError.NotFound("Unknown event")
            : (await ServedState.AuthChainAsync(room, [eventId])).ToImmutableArray();
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Backfill(ServerName origin, ImmutableArray<string> from, int limit) =>
        ReadAsync(origin, async served => await TransactionAsync(served, await HistoryWalk.RunAsync(served, from, [], 0, limit)));

    public Task<Outcome<ReadOnlyMemory<byte>>> MissingEvents(ServerName origin, MissingEventsQuery query) => ReadAsync(origin, async served =>
    {
        var latest = await served.Room.FindManyAsync(query.Latest);
        var rows = await HistoryWalk.RunAsync(
            served, latest.SelectMany(r => served.Room.Parse(r).PrevEvents), query.Earliest.Concat(query.Latest), query.MinDepth, query.Limit);
        rows.Reverse();
        var events = await RenderAsync(served, rows);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            Write(writer, "events", events);
            writer.WriteEndObject();
        });
    });

    public Task<Outcome<ReadOnlyMemory<byte>>> EventByTimestamp(ServerName origin, long timestamp, bool backward) => ReadAsync(origin, async served =>
    {
        var row = await EventByTime.FindAsync(
            services.Storage.Events, served.Room.RoomId, timestamp, backward ? Direction.Backward : Direction.Forward, served.MaySeeAsync);
        if (row is null)
            return MatrixError.NotFound("No event from that time");
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("event_id"u8, row.EventId);
            writer.WriteNumber("origin_server_ts"u8, row.OriginServerTs);
            writer.WriteEndObject();
        });
    });

    private async Task<Outcome<ReadOnlyMemory<byte>>> ReadAsync(ServerName origin, Func<ServedRoom, ValueTask<Outcome<ReadOnlyMemory<byte>>>> read)
    {
        var opened = await ServedRoom.OpenAsync(services, this.GetPrimaryKeyString(), origin);
        return opened.Error is { } error ? error : await read(opened.Value);
    }

    private async ValueTask<Outcome<ReadOnlyMemory<byte>>> TransactionAsync(ServedRoom served, IReadOnlyList<EventRow> rows)
    {
        var events = await RenderAsync(served, rows);
        return PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("origin"u8, self.Name.Value);
            writer.WriteNumber("origin_server_ts"u8, services.Now);
            Write(writer, "pdus", events);
            writer.WriteEndObject();
        });
    }

    private static async ValueTask<List<ReadOnlyMemory<byte>>> RenderAsync(ServedRoom served, IEnumerable<EventRow> rows)
    {
        var events = new List<ReadOnlyMemory<byte>>();
        foreach (var row in rows)
        {
            if (await served.CanJudgeAsync(row))
                events.Add(await served.RenderAsync(row));
        }

        return events;
    }

    private static void Write(Utf8JsonWriter writer, string name, IEnumerable<ReadOnlyMemory<byte>> events)
    {
        writer.WriteStartArray(name);
        foreach (var json in events)
            writer.WriteRaw(json.Span);
        writer.WriteEndArray();
    }
}
