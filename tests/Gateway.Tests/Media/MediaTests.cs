using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Media;

public sealed class MediaTests : IAsyncLifetime
{
    private const int Limit = 300_000;
    private const string Upload = "/_matrix/media/v3/upload";
    private const string Download = "/_matrix/client/v1/media/download/";
    private const string Thumbnail = "/_matrix/client/v1/media/thumbnail/";
    private TestServer _server = null!;
    private TestUser _user = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync($"Media:MaxUploadBytes={Limit}");
        _user = await _server.RegisterAsync("alice");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_upload_comes_back_with_safe_headers_on_all_paths()
    {
        var content = RandomNumberGenerator.GetBytes(200_000);
        var id = await UploadAsync(content, "image/png", "?filename=h%C3%A4user.png");
        foreach (var path in new[] { Download + id, "/_matrix/media/v3/download/" + id, "/_matrix/media/r0/download/" + id,
            "/_matrix/media/v1/download/" + id })
        {
            var answer = await _server.GetAsync(path, _user.Token);
            answer.AssertOk();
            Assert.Equal(content, answer.Body);
            Assert.Equal("image/png", answer.ContentType);
            Assert.Equal("inline; filename*=utf-8''h%C3%A4user.png", answer.Headers["Content-Disposition"]);
            Assert.StartsWith("sandbox;", answer.Headers["Content-Security-Policy"]);
            Assert.Equal("cross-origin", answer.Headers["Cross-Origin-Resource-Policy"]);
        }

        var named = await _server.GetAsync(Download + id + "/other%20name.png", _user.Token);
        Assert.Equal("inline; filename=\"other name.png\"", named.Headers["Content-Disposition"]);
        (await _server.GetAsync(Download + id)).AssertError(401, "M_MISSING_TOKEN");
    }

    [Theory]
    [InlineData("2000-01-01", 404)]
    [InlineData("2999-01-01T12:00:00+01:00", 200)]
    public async Task What_came_after_the_freeze_needs_a_token(string frozenAt, int status)
    {
        await using var server = await TestServer.StartAsync($"Media:FrozenAt={frozenAt}");
        var user = await server.RegisterAsync("alice");
        var uploaded = await server.SendAsync("POST", Upload, Bytes("content"u8.ToArray()), user.Token);
        var id = uploaded.Text("content_uri")["mxc://".Length..];
        Assert.Equal(status, (await server.GetAsync("/_matrix/media/v3/download/" + id)).Status);
        (await server.GetAsync(Download + id, user.Token)).AssertOk();
    }

    [Theory]
    [InlineData("text/html", "attachment")]
    [InlineData("image/svg+xml", "attachment")]
    [InlineData("application/octet-stream", "attachment")]
    [InlineData("text/plain; charset=utf-8", "inline")]
    [InlineData("VIDEO/MP4", "inline")]
    public async Task Only_harmless_types_are_shown_inline(string type, string disposition)
    {
        var id = await UploadAsync("x"u8.ToArray(), type);
        Assert.Equal(disposition, (await _server.GetAsync(Download + id, _user.Token)).Headers["Content-Disposition"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Uploads_are_limited_whether_their_length_is_declared_or_not(bool chunked)
    {
        using var content = new ByteArrayContent(new byte[Limit + 1]);
        if (chunked)
            content.Headers.ContentLength = null;
        (await _server.SendAsync("POST", Upload, chunked ? new UnknownLength(Limit + 1) : content, _user.Token)).AssertError(413, "M_TOO_LARGE");
        Assert.Empty(System.IO.Directory.EnumerateFiles(Path.Combine(_server.DataDirectory, "media", "tmp")));
        Assert.NotEmpty(await UploadAsync(new byte[Limit], "a/b"));
        Assert.Equal(Limit, (await _server.GetAsync("/_matrix/client/v1/media/config", _user.Token)).Json.GetProperty("m.upload.size").GetInt32());
    }

    [Fact]
    public async Task The_same_content_is_kept_once()
    {
        var content = RandomNumberGenerator.GetBytes(1000);
        await UploadAsync(content, "a/b");
        await UploadAsync(content, "c/d");
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(_server.DataDirectory, "media", hash[..2], hash)));
    }

    [Fact]
    public async Task A_created_id_takes_one_upload_of_its_creator_and_downloads_wait_for_it()
    {
        var created = await _server.PostAsync("/_matrix/media/v1/create", "", _user.Token);
        created.AssertOk();
        Assert.True(created.Json.GetProperty("unused_expires_at").GetInt64() > 0);
        var id = created.Text("content_uri")["mxc://".Length..];
        (await _server.GetAsync(Download + id + "?timeout_ms=0", _user.Token)).AssertError(504, "M_NOT_YET_UPLOADED");
        var waiting = _server.GetAsync(Download + id, _user.Token);
        var other = await _server.RegisterAsync("bob");
        (await _server.SendAsync("PUT", $"{Upload}/{id}", Bytes("x"u8.ToArray()), other.Token)).AssertError(403, "M_FORBIDDEN");
        (await _server.SendAsync("PUT", $"{Upload}/{id}", Bytes("later"u8.ToArray()), _user.Token)).AssertOk();
        Assert.Equal("later", Encoding.UTF8.GetString((await waiting).Body));
        (await _server.SendAsync("PUT", $"{Upload}/{id}", Bytes("again"u8.ToArray()), _user.Token)).AssertError(409, "M_CANNOT_OVERWRITE_MEDIA");
        (await _server.SendAsync("PUT", $"{Upload}/localhost/never", Bytes("x"u8.ToArray()), _user.Token)).AssertError(404, "M_NOT_FOUND");
        (await _server.SendAsync("PUT", $"{Upload}/elsewhere.example/id", Bytes("x"u8.ToArray()), _user.Token)).AssertError(403, "M_FORBIDDEN");
    }

    [Theory]
    [InlineData("localhost/unknown")]
    [InlineData("localhost/..%2F..%2Fsigning.key")]
    [InlineData("localhost/%2e%2e%2fmatrix.db")]
    [InlineData("..%2F/signing.key")]
    [InlineData("elsewhere.example/abc?allow_remote=false")]
    public async Task Unknown_and_hostile_ids_are_not_found(string id)
    {
        (await _server.GetAsync(Download + id, _user.Token)).AssertError(404, "M_NOT_FOUND");
        (await _server.GetAsync("/_matrix/media/v3/download/" + id)).AssertError(404, "M_NOT_FOUND");
    }

    [Theory]
    [InlineData("?width=10", 400, "M_MISSING_PARAM")]
    [InlineData("?width=x&height=10", 400, "M_INVALID_PARAM")]
    [InlineData("?width=-1&height=10", 400, "M_INVALID_PARAM")]
    [InlineData("?width=10&height=10&method=stretch", 400, "M_INVALID_PARAM")]
    [InlineData("?width=10&height=10", 400, "M_UNKNOWN")]
    public async Task Thumbnails_need_a_size_and_an_image(string query, int status, string errCode)
    {
        var id = await UploadAsync("no image"u8.ToArray(), "image/png");
        (await _server.GetAsync(Thumbnail + id + query, _user.Token)).AssertError(status, errCode);
    }

    [Fact]
    public async Task An_image_smaller_than_asked_for_keeps_its_size()
    {
        var png = TestPictures.Png(20, 10);
        var id = await UploadAsync(png, "application/octet-stream");
        var answer = await _server.GetAsync(Thumbnail + id + "?width=100&height=100", _user.Token);
        answer.AssertOk();
        Assert.Equal((20, 10), (Size(answer.Body, 16), Size(answer.Body, 20)));
        Assert.Equal(("image/png", "inline; filename=\"thumbnail.png\""), (answer.ContentType, answer.Headers["Content-Disposition"]));
    }

    [Fact]
    public async Task A_file_whose_header_lies_is_no_thumbnail()
    {
        // The header of a picture of one pixel before what is none.
        var lie = TestPictures.Png(1, 1)[..33].Concat(RandomNumberGenerator.GetBytes(100_000)).ToArray();
        var id = await UploadAsync(lie, "image/png");
        (await _server.GetAsync(Thumbnail + id + "?width=100&height=100", _user.Token)).AssertError(400, "M_UNKNOWN");
    }

    [Fact]
    public async Task Media_can_be_read_by_the_servers_account_of_the_machine_only()
    {
        if (OperatingSystem.IsWindows())
            return;
        await UploadAsync("private"u8.ToArray(), "text/plain");
        await UploadAsync(TestPictures.Png(20, 10), "image/png");
        var media = Path.Combine(_server.DataDirectory, "media");
        var files = System.IO.Directory.GetFiles(media, "*", SearchOption.AllDirectories);
        Assert.Equal(2, files.Length);
        foreach (var file in files)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        foreach (var folder in System.IO.Directory.GetDirectories(media, "*", SearchOption.AllDirectories).Append(media))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Theory]
    [InlineData("?width=100&height=100&method=scale", 320, 160)]
    [InlineData("?width=30&height=30&method=crop", 32, 32)]
    public async Task Large_images_are_scaled_and_cropped_to_the_next_size(string query, int width, int height)
    {
        TestPictures.NeedThumbnails();
        var id = await UploadAsync(TestPictures.Png(1200, 600), "image/png");
        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => _server.GetAsync(Thumbnail + id + query, _user.Token)));
        foreach (var answer in answers)
        {
            answer.AssertOk();
            Assert.Equal("image/png", answer.ContentType);
            Assert.Equal((width, height), (Size(answer.Body, 16), Size(answer.Body, 20)));
        }
    }

    [Fact]
    public async Task Too_many_pixels_are_refused_before_they_are_decoded()
    {
        var bomb = TestPictures.Png(1, 1);
        (bomb[17], bomb[21]) = (0xff, 0xff);
        var id = await UploadAsync(bomb, "image/png");
        (await _server.GetAsync(Thumbnail + id + "?width=10&height=10", _user.Token)).AssertError(413, "M_TOO_LARGE");
    }

    private static ByteArrayContent Bytes(byte[] content) => new(content);

    private static int Size(byte[] png, int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));

    private async Task<string> UploadAsync(byte[] content, string type, string query = "")
    {
        using var body = Bytes(content);
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var answer = await _server.SendAsync("POST", Upload + query, body, _user.Token);
        answer.AssertOk();
        return answer.Text("content_uri")["mxc://".Length..];
    }

    private sealed class UnknownLength(int size) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => stream.WriteAsync(new byte[size]).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
