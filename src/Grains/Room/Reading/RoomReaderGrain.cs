using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Reading;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room.Reading;

/// <inheritdoc cref="IRoomReaderGrain"/>
[StatelessWorker, Reentrant]
[GrainType("roomreader")]
public sealed class RoomReaderGrain(ReadServices services) : Grain, IRoomReaderGrain
{
    private string RoomId => this.GetPrimaryKeyString();

    public async Task<Outcome<ReadOnlyMemory<byte>>> Event(Requester requester, EventId eventId)
    {
        var reader = await RoomReader.FindAsync(services, RoomId, requester);
        if (reader is { Visibility.IsMember: true } && await reader.Room.FindAsync(eventId) is null)
            await History.Fetch(eventId);
        if (reader is null || await reader.FindVisibleAsync(eventId) is not { } row)
            return MatrixError.NotFound("No such event");
        var renderer = reader.Renderer();
        await renderer.PrepareAsync([row], reader.Visibility, previous: true);
        await reader.AddBundlesAsync(renderer, [row]);
        return PooledJson.Build(writer => renderer.Write(writer, row));
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Context(Requester requester, EventId eventId, int limit, string? filter) => ReadAsync(requester, async reader =>
    {
        // An outlier has no place yet around which there could be something.
        if (reader.Visibility.IsMember &&
            (await services.Storage.Events.GetAsync(eventId) is not { } row || (row.RoomId == RoomId && row is { Order: null, Status: EventStatus.Outlier })))
            await History.Fetch(eventId);
        return await MessagesRead.ContextAsync(reader, Paging(reader), eventId, limit, filter);
    });

    public Task<Outcome<ReadOnlyMemory<byte>>> Messages(MessagesRequest request) =>
        ReadAsync(request.Requester, reader => MessagesRead.MessagesAsync(reader, Paging(reader), request));

    public Task<Outcome<ReadOnlyMemory<byte>>> State(Requester requester) => WithMembersAsync(requester, StateRead.StateAsync);

    public async Task<Outcome<ReadOnlyMemory<byte>>> StateEvent(Requester requester, string type, string stateKey, bool wholeEvent)
    {
        var found = await ReadAsync(requester, Read);
        return found.Error is { ErrCode: ErrCodes.NotFound } && type == EventTypes.Member ? await WithMembersAsync(requester, Read) : found;

        ValueTask<Outcome<ReadOnlyMemory<byte>>> Read(RoomReader reader) => StateRead.StateEventAsync(reader, type, stateKey, wholeEvent);
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Members(Requester requester, string? at, string? membership, string? notMembership) =>
        WithMembersAsync(requester, reader => StateRead.MembersAsync(reader, at, membership, notMembership));

    public Task<Outcome<ReadOnlyMemory<byte>>> JoinedMembers(Requester requester) => WithMembersAsync(requester, StateRead.JoinedMembersAsync);

    public Task<Outcome<ReadOnlyMemory<byte>>> Relations(RelationsRequest request) =>
        ReadAsync(request.Requester, reader => RelationsRead.RelationsAsync(reader, request));

    public Task<Outcome<ReadOnlyMemory<byte>>> Threads(Requester requester, string? include, int limit, string? from) =>
        ReadAsync(requester, reader => ThreadsRead.ReadAsync(reader, include, limit, from));

    public Task<Outcome<ReadOnlyMemory<byte>>> EventByTimestamp(Requester requester, long timestamp, bool backward) => ReadAsync(requester, async reader =>
    {
        // What another server names, where history is missing here, is fetched and then found here.
        if (reader.Visibility.IsMember && await History.NearestTo(timestamp, backward) is { } nearest && await reader.Room.FindAsync(nearest) is null)
            await History.Fetch(nearest);
        var row = await EventByTime.FindAsync(
            reader.Storage.Events, RoomId, timestamp, backward ? Direction.Backward : Direction.Forward, row => reader.Visibility.CanSeeAsync(row));
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

    public Task<Outcome<ReadOnlyMemory<byte>>> InitialSync(Requester requester, int limit) =>
        WithMembersAsync(requester, reader => InitialSyncRead.RoomAsync(reader, limit));

    private IRoomHistoryGrain History => GrainFactory.GetGrain<IRoomHistoryGrain>(RoomId);

    private GapPaging Paging(RoomReader reader) => new(reader, History.Fill);

    private async Task<Outcome<ReadOnlyMemory<byte>>> ReadAsync(Requester requester, Func<RoomReader, ValueTask<Outcome<ReadOnlyMemory<byte>>>> read)
    {
        using var memory = services.Answers.Open(requester.UserId);
        return (await RoomReader.OpenAsync(services, RoomId, requester, memory: memory)).TryGet(out var reader, out var error) ? await read(reader) : error;
    }

    /// <summary>A read that is wrong without all members: if the room was joined without them, it waits until they are there.</summary>
    private async Task<Outcome<ReadOnlyMemory<byte>>> WithMembersAsync(Requester requester, Func<RoomReader, ValueTask<Outcome<ReadOnlyMemory<byte>>>> read)
    {
        if (await services.Storage.PartialRooms.GetAsync(RoomId) is null)
            return await ReadAsync(requester, read);
        if (!(await RoomReader.OpenAsync(services, RoomId, requester)).TryGet(out _, out var error))
            return error;
        return await GrainFactory.GetGrain<IRoomGrain>(RoomId).HasMembers()
            ? await ReadAsync(requester, read)
            : new MatrixError(ErrCodes.Unknown, 503, "The members of the room are not known yet");
    }
}
