using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Directory.Searching;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Searches the events of the rooms that a user is or was in.</summary>
[StatelessWorker]
[GrainType("search")]
public sealed class SearchGrain(ReadServices services) : Grain, ISearchGrain
{
    public async Task<Outcome<ReadOnlyMemory<byte>>> Search(Requester requester, ReadOnlyMemory<byte> body, string? from)
    {
        using var document = JsonBytes.ParseObject(body, out var malformed);
        if (document is null)
            return malformed!;
        if (!SearchQuery.Read(document.RootElement, from).TryGet(out var query, out var error))
            return error;
        if (query is null)
            return JsonBytes.Object(static w =>
            {
                w.WriteStartObject("search_categories"u8);
                w.WriteEndObject();
            });
        var rooms = (await services.Storage.Memberships.OfUserAsync(requester.UserId))
            .Where(m => !m.Forgotten && (m.Membership is "join" or "leave" or "ban") && query.Filter.AllowsRoom(m.RoomId))
            .OrderByDescending(m => m.Membership == "join").Select(m => m.RoomId).ToList();
        var walk = new SearchWalk(services, requester, query);
        var hits = await walk.RunAsync(rooms);
        return await new SearchAnswer(query, hits, walk.Next).RenderAsync();
    }
}
