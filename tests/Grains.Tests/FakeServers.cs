using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace OrleansMatrix.Grains.Tests;

/// <summary>Other servers, without a network: put in the place of the HTTP client's handler.</summary>
internal sealed class FakeServers : HttpMessageHandler
{
    private readonly ConcurrentDictionary<(string Host, string Path), Func<byte[], byte[]>> _handlers = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly SemaphoreSlim _arrived = new(0);

    /// <summary>What requests wait for before a server sees them.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>What answers wait for after a server has made them.</summary>
    public Task AnswerGate { get; set; } = Task.CompletedTask;

    /// <summary>Says what is answered to requests whose path begins so.</summary>
    public void On(string host, string path, Func<byte[], byte[]> answer) => _handlers[(host, path)] = answer;

    /// <summary>A server that takes every transaction; the contents of their EDUs are handed on, in order.</summary>
    public void TakeEdus(string host, Action<JsonElement> take) => On(host, "/_matrix/federation/v1/send/", body =>
    {
        foreach (var edu in JsonDocument.Parse(body).RootElement.GetProperty("edus").EnumerateArray())
            take(edu.GetProperty("content"));
        return "{}"u8.ToArray();
    });

    public void Off(string host)
    {
        foreach (var key in _handlers.Keys.Where(k => k.Host == host))
            _handlers.TryRemove(key, out _);
    }

    /// <summary>How many requests there were to a server.</summary>
    public int Count(string host) => _asked.Count(h => h == host);

    /// <summary>Waits for so many further requests.</summary>
    public async Task Asked(int count)
    {
        for (var i = 0; i < count; i++)
            Assert.True(await _arrived.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _asked.Enqueue(request.RequestUri!.Authority);
        _arrived.Release();
        await Gate.WaitAsync(cancellationToken);
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var handler = _handlers.FirstOrDefault(
            h => h.Key.Host == request.RequestUri.Authority && request.RequestUri.AbsolutePath.StartsWith(h.Key.Path, StringComparison.Ordinal)).Value
            ?? throw new HttpRequestException("nobody there");
        var answer = handler(body);
        await AnswerGate.WaitAsync(cancellationToken);
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(answer) };
    }
}
