using System.Globalization;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Directory;

/// <summary>Lists public rooms, the largest first. Tokens are offsets: <c>n20</c>.</summary>
[StatelessWorker]
[GrainType("publicrooms")]
public sealed class PublicRoomsGrain(IStorage storage, MatrixSettings settings, IRemoteDirectory remote) : Grain, IPublicRoomsGrain
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 500;

    public async Task<Outcome<ReadOnlyMemory<byte>>> List(PublicRoomsQuery query)
    {
        var server = this.GetPrimaryKeyString();
        if (server != settings.ServerName.Value)
            return await remote.ListPublicRoomsAsync(server, query);
        if (!TryReadToken(query.Since, out var offset))
            return MatrixError.InvalidParam("Unknown pagination token");
        var limit = query.Limit is > 0 and var wanted ? Math.Min(wanted, MaxLimit) : DefaultLimit;
        var network = query.AllNetworks ? null : query.Network ?? "";
        var page = await storage.Rooms.ListPublicAsync(query.SearchTerm, query.RoomTypes is { } types ? types : null, network, offset, limit);
        return JsonBytes.Object(w =>
        {
            w.WriteStartArray("chunk"u8);
            foreach (var room in page.Rooms)
            {
                w.WriteStartObject();
                RoomSummaryJson.WriteMembers(w, room);
                w.WriteEndObject();
            }

            w.WriteEndArray();
            if (offset + page.Rooms.Count < page.Total && page.Rooms.Count > 0)
                w.WriteString("next_batch"u8, Token(offset + page.Rooms.Count));
            if (offset > 0)
                w.WriteString("prev_batch"u8, Token(Math.Max(0, offset - limit)));
            w.WriteNumber("total_room_count_estimate"u8, page.Total);
        });
    }

    private static string Token(int offset) => string.Create(CultureInfo.InvariantCulture, $"n{offset}");

    private static bool TryReadToken(string? token, out int offset)
    {
        offset = 0;
        return string.IsNullOrEmpty(token) || (token[0] == 'n' && int.TryParse(token.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out offset));
    }
}
