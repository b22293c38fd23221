using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>When the first byte of a file of another server comes, and what memory the server has meanwhile: the figures of ADR 0124.</summary>
public sealed class RemoteMediaFigures(ITestOutputHelper output) : IDisposable
{
    private const int Length = 20_000_000;
    private const int BytesPerSecond = 5_000_000;
    private const int Clients = 20;
    private const int ChunkLength = 50_000;
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes(Length);
    private readonly HttpClient _http = new();
    private string _token = "";

    public void Dispose() => _http.Dispose();

    [Fact(Explicit = true)]
    public async Task Times_and_memory()
    {
        using var folder = new TemporaryFolder();
        var authority = new TestAuthority(folder.Path);
        await using var peer = await Peer.StartAsync(authority);
        peer.On("GET " + PeerFile.Signed, static _ => new Answer(200, "") { Write = SendAsync });
        await using var silo = await SiloProcess.StartFederatingAsync(folder.File("data"), authority);
        using var body = new StringContent(
            """{"username":"anna","password":"a long password","auth":{"type":"m.login.dummy"}}""", Encoding.UTF8, "application/json");
        using var registered = await silo.Http.PostAsync("/_matrix/client/v3/register", body);
        _token = JsonNode.Parse(await registered.Content.ReadAsStringAsync())!["access_token"]!.GetValue<string>();
        await DownloadAsync("warm");
        var (first, whole) = await DownloadAsync("one");
        output.WriteLine($"one client: first byte after {first.TotalMilliseconds:0} ms, all after {whole.TotalMilliseconds:0} ms: {first / whole:0.000}");
        await MeasureAsync("one file", static _ => "same");
        await MeasureAsync("a file each", static i => $"other{i}");

        async Task MeasureAsync(string what, Func<int, string> idOf)
        {
            var before = Resident(silo.ProcessId);
            var downloads = Task.WhenAll(Enumerable.Range(0, Clients).Select(i => DownloadAsync(idOf(i))));
            var most = before;
            while (!downloads.IsCompleted)
            {
                most = Math.Max(most, Resident(silo.ProcessId));
                await Task.WhenAny(downloads, Task.Delay(20));
            }

            var slowest = (await downloads).Max(static d => d.First);
            output.WriteLine($"{Clients} clients, {what}: {before} MB before, {most} MB at most; the last first byte after {slowest.TotalMilliseconds:0} ms");
        }

        async Task<(TimeSpan First, TimeSpan Whole)> DownloadAsync(string id)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(silo.Url, $"/_matrix/client/v1/media/download/{peer.Name}/{id}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            var clock = Stopwatch.StartNew();
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            await using var content = await answer.Content.ReadAsStreamAsync();
            var buffer = new byte[64 * 1024];
            long read = await content.ReadAsync(buffer);
            var first = clock.Elapsed;
            while (await content.ReadAsync(buffer) is > 0 and var more)
                read += more;
            Assert.Equal((200, (long)Length), ((int)answer.StatusCode, read));
            return (first, clock.Elapsed);
        }
    }

    private static async Task SendAsync(HttpResponse response, CancellationToken gone)
    {
        await response.WriteAsync("--b\r\n\r\n{}\r\n--b\r\n\r\n", gone);
        var clock = Stopwatch.StartNew();
        for (var sent = 0; sent < Length; sent += ChunkLength)
        {
            var due = TimeSpan.FromSeconds((double)sent / BytesPerSecond);
            if (due - clock.Elapsed is { TotalMilliseconds: > 1 } wait)
                await Task.Delay(wait, gone);
            await response.Body.WriteAsync(s_content.AsMemory(sent, ChunkLength), gone);
        }

        await response.WriteAsync("\r\n--b--\r\n", gone);
    }

    private static int Resident(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(static l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
