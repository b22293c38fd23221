using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrleansMatrix.Load;

/// <summary>What the yardstick reached: requests per second, and microseconds of the server's CPU for each.</summary>
internal sealed record EchoResult(double PerSecond, double CpuMicroseconds);

/// <summary>The yardstick: a bare Kestrel endpoint that answers a PUT with the body it got, in a process of its own, under the same closed loop.</summary>
internal static class Echo
{
    /// <summary>Runs the server until standard input closes; prints its address first.</summary>
    public static async Task ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.MapPut("/echo/{room}/{txn}", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length));
        });
        await app.StartAsync();
        Console.WriteLine(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        while (await Console.In.ReadLineAsync() is not null)
        {
        }
    }

    /// <summary>A child process's echo at <paramref name="connections"/> closed loops.</summary>
    public static async Task<EchoResult> MeasureAsync(int connections, TimeSpan duration, int bodyBytes)
    {
        using var child = Process.Start(
            new ProcessStartInfo(
            Environment.ProcessPath!, [.. Environment.GetCommandLineArgs()[0] is var dll && dll.EndsWith(".dll", StringComparison.Ordinal) &&
            !Environment.ProcessPath!.EndsWith("OrleansMatrix.Load", StringComparison.Ordinal) ? new[] { dll } : [], "echo-server"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        try
        {
            var server = new Uri((await child.StandardOutput.ReadLineAsync())!);
            var body = Encoding.ASCII.GetBytes($$"""{"body":"{{new string('x', bodyBytes)}}","msgtype":"m.text","sent":"0"}""");
            long count = 0;
            var measuring = false;
            using var stop = new CancellationTokenSource();
            var loops = Enumerable.Range(0, connections).Select(i => Task.Run(async () =>
            {
                using var http = new HttpConnection(server);
                while (!stop.IsCancellationRequested)
                {
                    await http.SendAsync("PUT", "/echo/room/" + i, "om_token_of_the_same_length_as_ours", body, CancellationToken.None);
                    if (Volatile.Read(ref measuring))
                        Interlocked.Increment(ref count);
                }
            })).ToArray();
            await Task.Delay(duration / 3);
            var before = ProcessCost.Of(child.Id);
            Volatile.Write(ref measuring, true);
            var from = Stopwatch.GetTimestamp();
            await Task.Delay(duration);
            Volatile.Write(ref measuring, false);
            var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
            var cpu = ProcessCost.Of(child.Id).Per(count, before).Microseconds;
            await stop.CancelAsync();
            await Task.WhenAll(loops);
            return new EchoResult(Math.Round(count / seconds), cpu);
        }
        finally
        {
            child.StandardInput.Close();
            if (!child.WaitForExit(5000))
                child.Kill();
        }
    }
}
