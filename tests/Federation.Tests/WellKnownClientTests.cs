using System.Net;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Federation.Tests;

/// <summary>What a host says of <c>/.well-known/matrix/server</c>, whatever it is, is a name or no valid answer.</summary>
public sealed class WellKnownClientTests : HttpMessageHandler, IHttpClientFactory
{
    private readonly List<string> _asked = [];
    private Func<Uri, HttpResponseMessage> _answer = static _ => new HttpResponseMessage(HttpStatusCode.NotFound);

    public HttpClient CreateClient(string name) => new(this, disposeHandler: false);

    [Fact]
    public async Task A_name_is_read_with_the_time_for_which_it_holds()
    {
        _answer = static _ => Json("""{"m.server":"hs.example.org:77","m.other":[]}""", "max-age=60");
        var answer = await FetchAsync();
        Assert.Equal(("hs.example.org:77", TimeSpan.FromMinutes(1)), (answer.Delegated?.Value, answer.Lifetime));
        _answer = static _ => Json("""{"m.server":"hs.example.org"}""", "no-store");
        Assert.Equal(TimeSpan.Zero, (await FetchAsync()).Lifetime);
        Assert.All(_asked, static url => Assert.Equal("https://example.org/.well-known/matrix/server", url));
    }

    [Fact]
    public async Task Whatever_else_is_said_is_no_valid_answer()
    {
        foreach (var value in HostileJson.Values.Except(["\"x\""]))
        {
            await HasNoneAsync(value);
            await HasNoneAsync($$"""{"m.server":{{value}}}""", mayBeAName: value.StartsWith('"'));
            await HasNoneAsync($$"""{"m.server":"a.b","m.server":{{value}}}""", mayBeAName: true);
            await HasNoneAsync($$"""{"m.server":"a.b"}{{value}}""");
        }

        foreach (var text in new[] { "", "{", "<html>", "{\"m.server\":\"a b\"}", "{\"m.server\":\"a/../b\"}", "{\"m.server\":\"u@a.b\"}", "{\"m.server\":\"a.b:99999\"}" })
            await HasNoneAsync(text);
    }

    [Theory]
    [InlineData("http://example.org/")]
    [InlineData("ftp://example.org/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("/.well-known/matrix/server")]
    [InlineData("https://[::")]
    [InlineData("https:")]
    public async Task A_redirect_that_leads_nowhere_ends(string location)
    {
        _answer = _ =>
        {
            var answer = new HttpResponseMessage(HttpStatusCode.Found);
            answer.Headers.TryAddWithoutValidation("Location", location);
            return answer;
        };
        Assert.Null((await FetchAsync()).Delegated);
        Assert.InRange(_asked.Count, 1, 6);
    }

    [Fact]
    public async Task A_redirect_to_another_host_is_followed()
    {
        _answer = static url => url.Host == "example.org"
            ? new HttpResponseMessage(HttpStatusCode.PermanentRedirect) { Headers = { Location = new Uri("https://other.example.org/x") } }
            : Json("""{"m.server":"hs.example.org"}""");
        Assert.Equal("hs.example.org", (await FetchAsync()).Delegated?.Value);
    }

    [Fact]
    public async Task Of_an_answer_without_end_little_is_read()
    {
        using var endless = new Endless();
        _answer = _ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(endless) };
        Assert.Null((await FetchAsync()).Delegated);
        Assert.InRange(endless.Sent, 1, 64 * 1024);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        _asked.Add(request.RequestUri!.AbsoluteUri);
        return Task.FromResult(_answer(request.RequestUri));
    }

    private static HttpResponseMessage Json(string text, string? caching = null)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(text) };
        if (caching is not null)
            answer.Headers.TryAddWithoutValidation("Cache-Control", caching);
        return answer;
    }

    private Task<WellKnownAnswer> FetchAsync() => new WellKnownClient(this).FetchAsync("example.org", TestContext.Current.CancellationToken);

    private async Task HasNoneAsync(string text, bool mayBeAName = false)
    {
        _answer = _ => Json(text);
        var answer = await FetchAsync();
        Assert.True(answer.Delegated is null || mayBeAName, text[..Math.Min(text.Length, 200)]);
    }

    private sealed class Endless : MemoryStream
    {
        public long Sent { get; private set; }

        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            buffer.Fill((byte)' ');
            Sent += buffer.Length;
            return buffer.Length;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}
