using System.Net;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Silo.Tests;

/// <summary>What those who run a server see of it.</summary>
public sealed class SeenFromOutsideTests
{
    [Fact]
    public async Task A_server_that_has_started_says_so_in_a_handful_of_lines_of_its_own()
    {
        using var data = new TemporaryFolder();
        await using var silo = await SiloProcess.StartAsync(data.Path, "");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await StatusAsync(silo, "/health/start") != HttpStatusCode.OK)
            await Task.Delay(10, patience.Token);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(silo, "/health/live"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(silo, "/health/ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(silo, "/health"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(silo, "/health/other"));
        var lines = silo.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, static line => Assert.StartsWith("info: OrleansMatrix.", line));
        Assert.InRange(lines.Length, 1, 6);
    }

    private static async Task<HttpStatusCode> StatusAsync(SiloProcess silo, string path)
    {
        using var answer = await silo.Http.GetAsync(path);
        return answer.StatusCode;
    }
}
