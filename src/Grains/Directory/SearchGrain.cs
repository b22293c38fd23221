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
    public async Task<Outcome<ReadOnlyMemory<byte>>> Find(
        Requester requester, ReadOnlyMemory<byte> body, string? from, CancellationToken cancellationToken = default)
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
        using var memory = services.Answers.Open(requester.UserId);
        var page = await new SearchRun(services, GrainFactory, requester, query, memory).RunAsync(cancellationToken);
        return await new SearchAnswer(query, page).RenderAsync(cancellationToken);
    }

    public Task<Outcome<ReadOnlyMemory<byte>>> Search(Requester requester, ReadOnlyMemory<byte> body, string? from) => Find(requester, body, from);
}
