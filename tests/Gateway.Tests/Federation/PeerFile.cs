using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation;

/// <summary>A file of another server, of which it sends the first half and the rest when a test says so; and a client that downloads it.</summary>
internal sealed class PeerFile
{
    private const string ContentType = "text/plain";
    private const string FileName = "notes.txt";
    private const string Elsewhere = "/elsewhere/";
    private readonly FederatingServer _server;
    private readonly TestClient _user;
    private readonly HttpClient _http;
    private readonly Peer _peer;
    private readonly string _id = Guid.NewGuid().ToString("N");

    public PeerFile(FederatingServer server, TestClient user, HttpClient http, Peer peer, int length)
    {
        (_server, _user, _http, _peer) = (server, user, http, peer);

        // Nothing that may be the beginning of a boundary, which would be kept back until it is known to be none.
        Content = RandomNumberGenerator.GetItems("abcdefghijklmnop"u8, length);
        peer.On("GET " + Signed + _id, _ => IsOld ? new Answer(404, """{"errcode":"M_UNRECOGNIZED","error":"?"}""")
            : new Answer(200, "") { Write = SendPartsAsync });
        peer.On($"GET {Unsigned}{peer.Name}/{_id}", _ => new Answer(200, "")
        {
            Write = (response, gone) => SendUnsignedAsync(response, response.HttpContext.Request.Query["allow_remote"] == "false", gone),
        });
        peer.On($"GET {Elsewhere}{_id}", _ => new Answer(200, "") { Write = (response, gone) => SendUnsignedAsync(response, true, gone) });
    }

    /// <summary>Of the server-server API.</summary>
    public const string Signed = "/_matrix/federation/v1/media/download/";

    /// <summary>The deprecated one of the client-server API.</summary>
    public const string Unsigned = "/_matrix/media/v3/download/";

    public byte[] Content { get; }

    /// <summary>The length that is said; null: none.</summary>
    public long? Length { get; set; }

    /// <summary>The server knows the deprecated endpoint only.</summary>
    public bool IsOld { get; init; }

    /// <summary>The server says that the file is at this URL.</summary>
    public string? Location { get; set; }

    /// <summary>A URL where it is.</summary>
    public string Here => $"https://{_peer.Name}{Elsewhere}{_id}";

    /// <summary>Ends when the first half may be sent.</summary>
    public Task Before { get; set; } = Task.CompletedTask;

    /// <summary>Opens when the second half may be sent.</summary>
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What is sent after the first half, if not the second.</summary>
    public Func<HttpResponse, CancellationToken, Task>? Rest { get; set; }

    /// <summary>How often the server was asked for it.</summary>
    public int Times => _peer.Asked.Count(line => line == $"GET {(IsOld ? $"{Unsigned}{_peer.Name}/" : Signed)}{_id}");

    /// <summary>Where clients ask for it, below <c>/_matrix</c>.</summary>
    public string Path(string what = "client/v1/media/download") => $"/_matrix/{what}/{_peer.Name}/{_id}";

    /// <summary>Asks for it; what is answered is not read yet.</summary>
    public Task<HttpResponseMessage> AskAsync(string query = "") => AskAsync(_user.AccessToken, Path() + query);

    public Task<HttpResponseMessage> AskAsync(string? token, string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server.Url, path));
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Reads the first half of an answer, and what an honest answer says of the file.</summary>
    public async Task<Stream> ReadHalfAsync(HttpResponseMessage answer)
    {
        Assert.Equal(200, (int)answer.StatusCode);
        var headers = answer.Content.Headers;
        Assert.Equal((ContentType, Length), (headers.ContentType?.ToString(), headers.ContentLength));
        Assert.Equal($"inline; filename=\"{FileName}\"", Assert.Single(headers.GetValues("Content-Disposition")));
        Assert.StartsWith("sandbox;", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var half = new byte[Content.Length / 2];
        await body.ReadExactlyAsync(half, TestContext.Current.CancellationToken);
        Assert.Equal(Content[..half.Length], half);
        return body;
    }

    /// <summary>Reads the second half of an answer.</summary>
    public async Task ReadRestAsync(Stream body)
    {
        using var rest = new MemoryStream();
        await body.CopyToAsync(rest, TestContext.Current.CancellationToken);
        Assert.Equal(Content[(Content.Length / 2)..], rest.ToArray());
    }

    /// <summary>Reads an answer that must not end as if it were whole.</summary>
    public static async Task ReadBrokenAsync(Stream body)
    {
        using var rest = new MemoryStream();
        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(rest, TestContext.Current.CancellationToken));
    }

    /// <summary>Downloads the whole; answers the length that was said.</summary>
    public async Task<long?> CheckWholeAsync()
    {
        using var answer = await AskAsync();
        var said = answer.Content.Headers.ContentLength;
        Assert.Equal(Content, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        return said;
    }

    private Task SendPartsAsync(HttpResponse response, CancellationToken gone)
    {
        response.ContentType = "multipart/mixed; boundary=b";
        if (Location is not null)
            return response.WriteAsync($"--b\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--b\r\nLocation: {Location}\r\n\r\n\r\n--b--\r\n", gone);
        var length = Length is null ? "" : $"Content-Length: {Length}\r\n";
        return SendAsync(
            response, $"--b\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--b\r\nContent-Type: {ContentType}\r\n{length}" +
            $"Content-Disposition: attachment; filename={FileName}\r\n\r\n", "\r\n--b--\r\n", gone);
    }

    private Task SendUnsignedAsync(HttpResponse response, bool isAskedWell, CancellationToken gone)
    {
        if (!isAskedWell || response.HttpContext.Request.Headers.Authorization.Count > 0)
        {
            response.StatusCode = 400;
            return Task.CompletedTask;
        }

        response.ContentType = ContentType;
        response.ContentLength = Length;
        response.Headers.ContentDisposition = $"attachment; filename={FileName}";
        return SendAsync(response, "", "", gone);
    }

    private async Task SendAsync(HttpResponse response, string before, string after, CancellationToken gone)
    {
        await Before.WaitAsync(gone);
        await response.Body.WriteAsync(Encoding.ASCII.GetBytes(before), gone);
        await response.Body.WriteAsync(Content.AsMemory(0, Content.Length / 2), gone);
        await Gate.Task.WaitAsync(gone);
        if (Rest is { } rest)
            await rest(response, gone);
        else
            await response.Body.WriteAsync(Content.AsMemory(Content.Length / 2), gone);
        await response.Body.WriteAsync(Encoding.ASCII.GetBytes(after), gone);
    }
}
