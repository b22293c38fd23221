using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Grains.Directory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>Other servers' aliases and public room lists (S-S API, Querying for information; Published Room Directory).</summary>
internal sealed class RemoteDirectory(RemoteApi api) : IRemoteDirectory
{
    private const int MaxServers = 50;
    private const int MaxHierarchyBytes = 2 * 1024 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(6);

    public async Task<Outcome<RoomAliasTarget>> ResolveAsync(string server, string alias)
    {
        if (!(await api.GetAsync(server, $"/_matrix/federation/v1/query/directory?room_alias={Uri.EscapeDataString(alias)}"))
            .TryGet(out var document, out var error))
            return error.Status == 502 ? MatrixError.NotFound($"The server of {alias} cannot be reached") : error;
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || JsonBytes.StringMember(root, "room_id") is not { } roomId || !RoomId.IsValid(roomId))
                return MatrixError.NotFound($"Room alias {alias} not found.");
            ImmutableArray<string> servers = root.TryGetProperty("servers"u8, out var list) && list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray().Where(s => s.ValueKind == JsonValueKind.String && ServerName.IsValid(s.GetString())).Select(s => s.GetString()!)
                .Take(MaxServers)]
                : [];
            return new RoomAliasTarget(roomId, servers);
        }
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> ListPublicRoomsAsync(string server, PublicRoomsQuery query)
    {
        var body = JsonBytes.Object(writer =>
        {
            if (query.Limit is { } limit)
                writer.WriteNumber("limit"u8, limit);
            if (query.Since is { } since)
                writer.WriteString("since"u8, since);
            if (query.AllNetworks)
                writer.WriteBoolean("include_all_networks"u8, true);
            if (query.Network is { } network)
                writer.WriteString("third_party_instance_id"u8, network);
            if (query.SearchTerm is null && query.RoomTypes is null)
                return;
            writer.WriteStartObject("filter"u8);
            if (query.SearchTerm is { } term)
                writer.WriteString("generic_search_term"u8, term);
            if (query.RoomTypes is { } types)
            {
                writer.WriteStartArray("room_types"u8);
                foreach (var type in types)
                    writer.WriteStringValue(type);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        });
        var answer = await api.PostAsync(server, "/_matrix/federation/v1/publicRooms", body);
        if (!answer.TryGet(out var document, out var error))
            return error;
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("chunk"u8, out var chunk) || chunk.ValueKind != JsonValueKind.Array)
                return MatrixError.Unknown($"{server} gave no list of rooms", 502);
            var rooms = chunk.EnumerateArray().Where(room => PublicRoomFilter.Allows(query, room)).ToList();
            return rooms.Count == chunk.GetArrayLength() ? JsonBytes.Raw(root) : JsonBytes.Object(writer =>
            {
                JsonBytes.CopyMembers(writer, root, "chunk");
                writer.WriteStartArray("chunk"u8);
                foreach (var room in rooms)
                    room.WriteTo(writer);
                writer.WriteEndArray();
            });
        }
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> HierarchyAsync(string server, string roomId, bool suggestedOnly)
    {
        var target = $"/_matrix/federation/v1/hierarchy/{Uri.EscapeDataString(roomId)}?suggested_only={(suggestedOnly ? "true" : "false")}";
        if (!(await api.GetAsync(server, target, MaxHierarchyBytes, s_patience)).TryGet(out var document, out var error))
            return error;
        using (document)
            return JsonBytes.Raw(document.RootElement);
    }
}
