using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Abstractions.Room.Federation;
using OrleansMatrix.Grains.Room;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Joins a room through one resident server (S-S API, Joining Rooms). The state comes without most members if the server knows how
/// (<c>omit_members</c>), and is read and stored as it comes.
/// </summary>
internal sealed class RemoteJoin(RemoteServerServices services, RoomServices rooms, IGrainFactory grains)
{
    private const long MaxBytes = 1024L * 1024 * 1024;
    private const int MaxServers = 100_000;

    // A state of more events than this is put in place without members first, as if they had been left out.
    private const int MaxAtOnce = 2000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly IReadOnlySet<string> s_lists = ImmutableHashSet.Create("state", "auth_chain");
    private static readonly IReadOnlySet<string> s_kept = ImmutableHashSet.Create("event", "members_omitted", "servers_in_room");

    /// <param name="server">The resident server.</param>
    /// <param name="pdu">The join, made by its template.</param>
    public async Task<Outcome<string>> RunAsync(string server, Pdu pdu)
    {
        var roomId = pdu.RoomId;
        var isKnown = await services.Storage.Rooms.GetAsync(roomId) is not null;
        var import = new EventImport(rooms, roomId, pdu.RoomVersion);

        // Beside the room's grain, which has other calls to answer.
        if (!(await Task.Run(() => SendAsync(server, pdu, import, omitMembers: !isKnown))).TryGet(out var answer, out var error))
            return error;
        if (!import.HasCreate)
            return MatrixError.Unknown($"{server} gave no usable state of the room", 502);
        return await grains.GetGrain<IRoomGrain>(roomId).ImportState(Describe(server, pdu, import, answer, isKnown));
    }

    private async Task<Outcome<Dictionary<string, ReadOnlyMemory<byte>>>> SendAsync(string server, Pdu pdu, EventImport import, bool omitMembers)
    {
        var path = $"send_join/{Uri.EscapeDataString(pdu.RoomId)}/{Uri.EscapeDataString(pdu.EventId)}";
        var sent = await StreamAsync("/_matrix/federation/v2/" + path + (omitMembers ? "?omit_members=true" : ""));

        // "If the request fails with M_UNRECOGNIZED, fall back to v1", which old servers say by any 404 that has no other code.
        if (sent.Error is { ErrCode: ErrCodes.Unrecognized })
            sent = await StreamAsync("/_matrix/federation/v1/" + path);
        if (sent.Ok)
            await import.FinishAsync();
        return sent;

        Task<Outcome<Dictionary<string, ReadOnlyMemory<byte>>>> StreamAsync(string target) => services.Api.StreamAsync(
            server, HttpMethod.Put, target, pdu.Json, s_patience, MaxBytes, s_lists, s_kept, (list, json) => import.AddAsync(json, list == "state"));
    }

    private static ImportedRoom Describe(string server, Pdu pdu, EventImport import, Dictionary<string, ReadOnlyMemory<byte>> answer, bool isKnown)
    {
        // A restricted join comes back with the resident server's signature.
        var join = answer.TryGetValue("event", out var signed) && Pdu.Parse(signed, pdu.RoomVersion).TryGet(out var returned, out _) &&
            returned.EventId == pdu.EventId
            ? returned.Json
            : pdu.Json;
        var version = pdu.RoomVersion.Id;
        if (answer.TryGetValue("members_omitted", out var omitted) && omitted.Span.SequenceEqual("true"u8))
            return new ImportedRoom(ServerName.Parse(server), version, join, Ids(import.State), LacksMembers: true, Servers(answer));
        if (isKnown || import.State.Count <= MaxAtOnce)
            return new ImportedRoom(ServerName.Parse(server), version, join, Ids(import.State));
        var atOnce = import.State.Where(e => e.Type != EventTypes.Member || pdu.AuthEvents.Contains(e.EventId));
        return new ImportedRoom(ServerName.Parse(server), version, join, Ids(atOnce), LacksMembers: true, [.. import.Servers],
            Ids(import.State.Where(e => e.Type == EventTypes.Member)));
    }

    private static ImmutableArray<string> Ids(IEnumerable<StateEntry> entries) => [.. entries.Select(e => e.EventId)];

    private static ImmutableArray<string> Servers(Dictionary<string, ReadOnlyMemory<byte>> answer)
    {
        if (!answer.TryGetValue("servers_in_room", out var json) || !JsonText.Read(json).TryGet(out var parsed, out _))
            return [];
        using var document = parsed;
        return document.RootElement.ValueKind == JsonValueKind.Array
            ? [.. document.RootElement.EnumerateArray().Take(MaxServers).Where(s => s.ValueKind == JsonValueKind.String).Select(s => s.GetString()!)
            .Where(static s => ServerName.IsValid(s)).Distinct(StringComparer.Ordinal)]
            : [];
    }
}
