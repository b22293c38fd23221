using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>Media of other servers go to the client while they come (ADR 0124).</summary>
public sealed class RemoteMediaTests(FederatingServer server) : IClassFixture<FederatingServer>, IAsyncLifetime
{
    private const int Length = 300_000;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private Peer _peer = null!;
    private TestClient _user = null!;

    public async ValueTask InitializeAsync()
    {
        _peer = await Peer.StartAsync();
        _user = await server.RegisterAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _peer.DisposeAsync();
    }

    private PeerFile NewFile(bool isOld = false, bool saysLength = false, int length = Length) =>
        new(server, _user, _http, _peer, length) { IsOld = isOld, Length = saysLength ? length : null };

    private string Media => Path.Combine(server.Services.GetRequiredService<MatrixSettings>().DataDirectory, "media");

    // Of files that are being written nothing is left either.
    private void AssertNothingIsLeft(PeerFile file) =>
        Assert.Equal((false, 0), (IsStored(file), System.IO.Directory.EnumerateFiles(Path.Combine(Media, "tmp")).Count()));

    private bool IsStored(PeerFile file)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(file.Content));
        return File.Exists(Path.Combine(Media, hash[..2], hash));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task The_first_half_is_there_before_the_second_is_sent(bool isOld, bool saysLength)
    {
        var file = NewFile(isOld, saysLength);
        using var answer = await file.AskAsync();
        await using var body = await file.ReadHalfAsync(answer);
        Assert.False(IsStored(file));
        file.Gate.SetResult();
        await file.ReadRestAsync(body);
        Assert.True(IsStored(file));

        // As it is stored, its length is known.
        Assert.Equal(Length, await file.CheckWholeAsync());
        Assert.Equal(1, file.Times);
        Assert.Equal(isOld, _peer.Asked.Any(static line => line.Contains(PeerFile.Unsigned, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_the_server_keeps_elsewhere_is_fetched_from_there(bool saysLength)
    {
        var file = NewFile(saysLength: saysLength);
        file.Location = file.Here;
        using var answer = await file.AskAsync();
        await using var body = await file.ReadHalfAsync(answer);
        file.Gate.SetResult();
        await file.ReadRestAsync(body);
        Assert.True(IsStored(file));
    }

    [Theory]
    [InlineData("http://HOST/x")]
    [InlineData("https://HOST/unknown")]
    [InlineData("file:///etc/passwd")]
    [InlineData("/x")]
    [InlineData("")]
    public async Task Where_the_server_sends_this_one_in_vain_there_is_no_media(string location)
    {
        var file = NewFile();
        file.Location = location.Replace("HOST", _peer.Name.Value, StringComparison.Ordinal);
        using var answer = await file.AskAsync();
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        new Answer((int)answer.StatusCode, text).Fails(404, "M_NOT_FOUND");
        AssertNothingIsLeft(file);
    }

    [Fact]
    public async Task Many_follow_one_download_and_it_goes_on_when_one_leaves()
    {
        var file = NewFile();
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => file.AskAsync()));
        var bodies = await Task.WhenAll(answers.Select(file.ReadHalfAsync));
        answers[0].Dispose();
        file.Gate.SetResult();
        await Task.WhenAll(bodies[1..].Select(file.ReadRestAsync));
        Assert.Equal((1, true), (file.Times, IsStored(file)));
        foreach (var answer in answers)
            answer.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_does_not_read_holds_up_nobody_and_reads_on_later(bool saysLength)
    {
        // More than lies between two sockets.
        var file = NewFile(saysLength: saysLength, length: 16 * 1024 * 1024);
        using var slow = await file.AskAsync();
        file.Gate.SetResult();
        await file.CheckWholeAsync();
        Assert.True(IsStored(file));
        await file.ReadRestAsync(await file.ReadHalfAsync(slow));
        Assert.Equal(1, file.Times);
    }

    [Fact]
    public async Task A_download_that_nobody_waits_for_any_more_is_finished()
    {
        var file = NewFile();
        using (var answer = await file.AskAsync())
            await file.ReadHalfAsync(answer);
        file.Gate.SetResult();
        await file.CheckWholeAsync();
        Assert.Equal((1, true), (file.Times, IsStored(file)));
    }

    [Theory]
    [InlineData(false, "breaks off", false)]
    [InlineData(false, "breaks off", true)]
    [InlineData(false, "ends without the boundary", false)]
    [InlineData(false, "longer", true)]
    [InlineData(false, "shorter", true)]
    [InlineData(false, "too large", false)]
    [InlineData(true, "breaks off", false)]
    [InlineData(true, "breaks off", true)]
    [InlineData(true, "too large", false)]
    public async Task What_does_not_come_whole_ends_abruptly_and_leaves_nothing(bool isOld, string how, bool saysLength)
    {
        var file = NewFile(isOld, saysLength);
        file.Rest = async (response, gone) =>
        {
            var rest = file.Content.AsMemory(Length / 2);
            if (how == "breaks off")
            {
                await response.Body.WriteAsync(rest[..^1], gone);
                await response.Body.FlushAsync(gone);
                response.HttpContext.Abort();
                return;
            }

            await response.Body.WriteAsync(how == "shorter" ? rest[..^1] : rest, gone);
            if (how == "longer")
                await response.Body.WriteAsync("x"u8.ToArray(), gone);
            if (how == "ends without the boundary")
                await response.CompleteAsync();
            while (how == "too large")
                await response.Body.WriteAsync(file.Content, gone);
        };
        using var answer = await file.AskAsync();
        await using var body = await file.ReadHalfAsync(answer);
        using var second = await file.AskAsync();
        await using var other = await file.ReadHalfAsync(second);
        file.Gate.SetResult();
        await PeerFile.ReadBrokenAsync(body);
        await PeerFile.ReadBrokenAsync(other);
        AssertNothingIsLeft(file);

        // It is tried again by whoever asks next.
        file.Rest = null;
        await file.CheckWholeAsync();
        Assert.Equal((2, true), (file.Times, IsStored(file)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_says_that_it_is_too_large_is_not_fetched(bool isOld)
    {
        var file = NewFile(isOld);
        file.Length = (50 * 1024 * 1024) + 1;
        using var answer = await file.AskAsync();
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        new Answer((int)answer.StatusCode, text).Fails(502, "M_TOO_LARGE");
        AssertNothingIsLeft(file);
    }

    [Fact]
    public async Task The_wait_for_the_beginning_is_the_clients_to_say()
    {
        var file = NewFile();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        file.Before = held.Task;
        using (var early = await file.AskAsync("?timeout_ms=0"))
        {
            var text = await early.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            new Answer((int)early.StatusCode, text).Fails(504, "M_NOT_YET_UPLOADED");
        }

        held.SetResult();
        using var answer = await file.AskAsync();
        await using var body = await file.ReadHalfAsync(answer);

        // What has begun goes on after any wait.
        using var second = await file.AskAsync("?timeout_ms=0");
        await using var other = await file.ReadHalfAsync(second);
        file.Gate.SetResult();
        await file.ReadRestAsync(body);
        await file.ReadRestAsync(other);
        Assert.Equal(1, file.Times);
    }

    [Theory]
    [InlineData("media/v3/download")]
    [InlineData("media/v3/thumbnail", "?width=10&height=10")]
    [InlineData("client/v1/media/thumbnail", "?width=10&height=10&timeout_ms=0")]
    public async Task Nobody_else_sees_what_is_not_whole(string what, string query = "")
    {
        var file = NewFile();
        using var answer = await file.AskAsync();
        await using var body = await file.ReadHalfAsync(answer);
        var isPublic = !what.StartsWith("client", StringComparison.Ordinal);
        using (var other = await file.AskAsync(isPublic ? null : _user.AccessToken, file.Path(what) + query))
            Assert.Equal(isPublic ? 404 : 504, (int)other.StatusCode);
        file.Gate.SetResult();
        await file.ReadRestAsync(body);
        Assert.Equal(1, file.Times);
    }

    [Fact]
    public async Task A_server_that_stops_sending_is_given_up()
    {
        await using var clocked = new FederatingServer { Clock = new TestClock(TimeProvider.System.GetUtcNow()) };
        await clocked.InitializeAsync();
        var file = new PeerFile(clocked, await clocked.RegisterAsync(), _http, _peer, Length);
        using var answer = await file.AskAsync();
        await using var body = await file.ReadHalfAsync(answer);
        clocked.Clock!.Advance(TimeSpan.FromSeconds(26));
        await PeerFile.ReadBrokenAsync(body);
    }

    [Fact]
    public async Task After_the_end_of_the_process_the_file_is_fetched_anew()
    {
        await using var crashing = new FederatingServer();
        await crashing.InitializeAsync();
        var file = new PeerFile(crashing, await crashing.RegisterAsync(), _http, _peer, Length);
        using (var answer = await file.AskAsync())
        {
            await using var body = await file.ReadHalfAsync(answer);
            await crashing.CrashAsync();
            await PeerFile.ReadBrokenAsync(body);
        }

        file.Gate.SetResult();
        await file.CheckWholeAsync();
        Assert.Equal(2, file.Times);
    }
}
