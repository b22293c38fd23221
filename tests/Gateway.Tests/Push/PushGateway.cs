using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Push;

/// <summary>A push gateway made by hand (Push Gateway API): it remembers what it was told, and answers what the test says.</summary>
public sealed class PushGateway : IAsyncDisposable
{
    private const string Path = "/_matrix/push/v1/notify";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<JsonObject> _told = new();
    private readonly SemaphoreSlim _arrived = new(0);

    private PushGateway(WebApplication app) => _app = app;

    /// <summary>What it answers to the notification; null: that it has it.</summary>
    public Func<JsonObject, Task<Answer?>> Answering { get; set; } = static _ => Task.FromResult<Answer?>(null);

    public string Url => _app.Urls.Single() + Path;

    public static async Task<PushGateway> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var gateway = new PushGateway(builder.Build());
        gateway._app.MapPost(Path, gateway.NotifyAsync);
        await gateway._app.StartAsync();
        return gateway;
    }

    /// <summary>The next notification; those before it were taken by earlier calls.</summary>
    public async Task<JsonObject> NextAsync()
    {
        Assert.True(await _arrived.WaitAsync(s_patience, TestContext.Current.CancellationToken), "no push has come");
        Assert.True(_told.TryDequeue(out var notification));
        return notification;
    }

    /// <summary>Whether something has come that nobody has taken.</summary>
    public bool HasMore => !_told.IsEmpty;

    /// <summary>The pusher of this gateway, as <c>POST pushers/set</c> takes it.</summary>
    public string Pusher(string key = "key1", string data = "", string more = "") => $$"""
        {"pushkey":"{{key}}","kind":"http","app_id":"test.app","app_display_name":"App","device_display_name":"Phone","lang":"en",
        "data":{"url":"{{Url}}"{{data}} }{{more}} }
        """;

    public ValueTask DisposeAsync()
    {
        _arrived.Dispose();
        return _app.DisposeAsync();
    }

    private async Task NotifyAsync(HttpContext context)
    {
        var notification = (await JsonNode.ParseAsync(context.Request.Body))!["notification"]!.AsObject();
        var answer = await Answering(notification) ?? new Answer(200, """{"rejected":[]}""");
        _told.Enqueue(notification);
        _arrived.Release();
        context.Response.StatusCode = answer.Status;
        await context.Response.WriteAsync(answer.Text);
    }
}
