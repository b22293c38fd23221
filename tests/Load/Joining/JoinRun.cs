using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Load.Joining;

/// <summary>What a join took; memory in MiB, times in seconds.</summary>
/// <param name="BuildSeconds">Taking the members in on the first server: no part of the join.</param>
/// <param name="JoinSeconds">From the client's request to its answer.</param>
/// <param name="SendSeconds">From the request until a first message of the new member was accepted.</param>
/// <param name="SyncSeconds">From the request until a /sync that tells of the room.</param>
/// <param name="FillSeconds">From the request until /joined_members names all.</param>
/// <param name="JoinerCpuSeconds">CPU time of the joining server from the request until then.</param>
/// <param name="JoinerMemoryBefore">Of the joining server, as its most and that after.</param>
/// <param name="ResidentMemoryBefore">Of the resident server, as its most.</param>
internal sealed record JoinReport(
    int Members, int Servers, double BuildSeconds, double JoinSeconds, double SendSeconds, double SyncSeconds, double FillSeconds, double JoinerCpuSeconds,
    double JoinerMemoryBefore, double JoinerMemoryMost,
    double JoinerMemoryAfter, double ResidentMemoryBefore, double ResidentMemoryMost);

/// <summary>Measures a join by federation to a large room.</summary>
internal static class JoinRun
{
    public static async Task<JoinReport> RunAsync(int members, int servers, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        using var residentData = new TemporaryFolder();
        using var joinerData = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var others = await MadeUpServers.StartAsync(servers, authority, cancellationToken);
        await using var resident = await SiloProcess.StartFederatingAsync(residentData.Path, authority);
        using var anna = new MatrixClient(resident.Url);
        await anna.RegisterAsync("anna", null, cancellationToken);
        var room = await anna.CreateRoomAsync(cancellationToken);
        var building = Stopwatch.StartNew();
        await others.JoinAsync(resident.ServerName, room, members, cancellationToken);
        var build = building.Elapsed;

        await using var joiner = await SiloProcess.StartFederatingAsync(joinerData.Path, authority);
        using var bert = new MatrixClient(joiner.Url);
        await bert.RegisterAsync("bert", null, cancellationToken);
        using var http = new HttpClient { BaseAddress = joiner.Url, Timeout = TimeSpan.FromMinutes(10) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", bert.Token);
        await Task.Delay(1000, cancellationToken);
        using var residentMemory = new MemoryWatch(resident.ProcessId);
        using var joinerMemory = new MemoryWatch(joiner.ProcessId);
        var path = "/_matrix/client/v3/rooms/" + Uri.EscapeDataString(room);
        var costBefore = ProcessCost.Of(joiner.ProcessId);
        var joining = Stopwatch.StartNew();
        await RequireAsync(await http.PostAsync(
            $"/_matrix/client/v3/join/{Uri.EscapeDataString(room)}?via={resident.ServerName}", Json("{}"), cancellationToken));
        var joined = joining.Elapsed;
        await RequireAsync(await http.PutAsync(path + "/send/m.room.message/1", Json("""{"msgtype":"m.text","body":"hello"}"""), cancellationToken));
        var sent = joining.Elapsed;
        var sync = await RequireAsync(
            await http.GetAsync("/_matrix/client/v3/sync?filter=%7B%22room%22%3A%7B%22state%22%3A%7B%22lazy_load_members%22%3Atrue%7D%7D%7D",
            cancellationToken));
        var synced = joining.Elapsed;
        if (sync["rooms"]?["join"]?[room] is null)
            throw new InvalidOperationException("the room is not in the sync");
        var count = 0;
        while (count < members + 2)
        {
            using var answer = await http.GetAsync(path + "/joined_members", cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            count = answer.IsSuccessStatusCode ? JsonNode.Parse(text)!["joined"]!.AsObject().Count : 0;
            if (answer.IsSuccessStatusCode && count < members + 2)
                throw new InvalidOperationException($"{count} members of {members + 2}");
        }

        var filled = joining.Elapsed;
        return new JoinReport(
            members, servers, Seconds(build), Seconds(joined), Seconds(sent), Seconds(synced), Seconds(filled),
            Seconds(ProcessCost.Of(joiner.ProcessId).Cpu - costBefore.Cpu), joinerMemory.Before, joinerMemory.Most, joinerMemory.Now,
            residentMemory.Before, residentMemory.Most);
    }

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 2);

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<JsonNode> RequireAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            return answer.IsSuccessStatusCode ? JsonNode.Parse(text)!
                : throw new InvalidOperationException($"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode} {text}");
        }
    }
}
