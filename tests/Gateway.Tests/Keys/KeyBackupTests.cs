using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Keys;

public sealed class KeyBackupTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    private const string Version = """{"algorithm":"m.megolm_backup.v1.curve25519-aes-sha2","auth_data":{"public_key":"k"}}""";
    private const string Room = "!room:one.test";

    [Fact]
    public async Task A_version_is_described_updated_and_deleted()
    {
        var alice = await server.RegisterAsync("alice");
        (await alice.GetAsync("v3/room_keys/version")).Fails(404, "M_NOT_FOUND");
        var version = await CreateAsync(alice);

        (await alice.PutAsync($"v3/room_keys/version/{version}", Version.Replace("\"k\"", "\"new\"", StringComparison.Ordinal))).Ok();
        (await alice.PutAsync($"v3/room_keys/version/{version}", """{"algorithm":"other","auth_data":{}}""")).Fails(400, "M_INVALID_PARAM");
        (await alice.PutAsync($"v3/room_keys/version/{version}", Version.Insert(1, "\"version\":\"99\","))).Fails(400, "M_INVALID_PARAM");
        (await alice.PutAsync("v3/room_keys/version/99", Version)).Fails(404, "M_NOT_FOUND");
        var current = (await alice.GetAsync("v3/room_keys/version")).Ok();

        Assert.Equal("new", (string?)current["auth_data"]!["public_key"]);
        Assert.Equal(version, (string?)current["version"]);
        (await alice.DeleteAsync($"v3/room_keys/version/{version}")).Ok();
        (await alice.DeleteAsync($"v3/room_keys/version/{version}")).Ok();
        (await alice.DeleteAsync("v3/room_keys/version/99")).Fails(404, "M_NOT_FOUND");
        (await alice.GetAsync($"v3/room_keys/version/{version}")).Fails(404, "M_NOT_FOUND");
        (await alice.GetAsync("v3/room_keys/version")).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task Keys_are_stored_and_read_for_all_rooms_a_room_and_a_session()
    {
        var alice = await server.RegisterAsync("alice");
        var version = await CreateAsync(alice);

        var first = (await PutAsync(alice, version, $"/{Room}/s1", Session(1, 0, false))).Ok();
        var second = (await PutAsync(alice, version, $"/{Room}", $$$"""{"sessions":{"s2":{{{Session(1, 0, false)}}}}}""")).Ok();
        var third = (await PutAsync(alice, version, "", "{\"rooms\":{\"!other:one.test\":{\"sessions\":{\"s3\":" + Session(1, 0, false) + "}}}}")).Ok();

        Assert.Equal([1, 2, 3], new[] { first, second, third }.Select(a => (int)a["count"]!));
        Assert.Equal(3, new[] { first, second, third }.Select(a => (string?)a["etag"]).Distinct().Count());
        Assert.Equal(2, (await GetAsync(alice, version, "")).Ok()["rooms"]!.AsObject().Count);
        Assert.Equal(["s1", "s2"], (await GetAsync(alice, version, $"/{Room}")).Ok()["sessions"]!.AsObject().Select(s => s.Key).Order());
        Assert.Equal("opaque", (string?)(await GetAsync(alice, version, $"/{Room}/s1")).Ok()["session_data"]!["x"]);
        (await GetAsync(alice, version, $"/{Room}/none")).Fails(404, "M_NOT_FOUND");
        Assert.Empty((await GetAsync(alice, version, "/!empty:one.test")).Ok()["sessions"]!.AsObject());
    }

    [Theory]
    [InlineData(5, 5, false, 9, 9, true, true)]
    [InlineData(5, 5, true, 1, 1, false, false)]
    [InlineData(5, 5, true, 4, 9, true, true)]
    [InlineData(5, 5, false, 6, 1, false, false)]
    [InlineData(5, 5, false, 5, 4, false, true)]
    [InlineData(5, 5, false, 5, 6, false, false)]
    [InlineData(5, 5, false, 5, 5, false, false)]
    public async Task The_better_key_of_a_session_is_kept(
        int index, int forwarded, bool verified, int newIndex, int newForwarded, bool newVerified, bool replaced)
    {
        var alice = await server.RegisterAsync("alice");
        var version = await CreateAsync(alice);
        var before = (await PutAsync(alice, version, $"/{Room}/s", Session(index, forwarded, verified))).Ok();

        var after = (await PutAsync(alice, version, $"/{Room}/s", Session(newIndex, newForwarded, newVerified))).Ok();

        var stored = (await GetAsync(alice, version, $"/{Room}/s")).Ok();
        Assert.Equal(replaced ? newIndex : index, (int)stored["first_message_index"]!);
        Assert.Equal(replaced ? newForwarded : forwarded, (int)stored["forwarded_count"]!);
        Assert.Equal(replaced, (string?)before["etag"] != (string?)after["etag"]);
        Assert.Equal(1, (int)after["count"]!);
    }

    [Fact]
    public async Task Only_the_current_version_takes_keys()
    {
        var alice = await server.RegisterAsync("alice");
        var old = await CreateAsync(alice);
        var current = await CreateAsync(alice);

        var refused = (await PutAsync(alice, old, $"/{Room}/s", Session(1, 0, false))).Fails(403, "M_WRONG_ROOM_KEYS_VERSION");

        Assert.Equal(current, (string?)refused["current_version"]);
        (await PutAsync(alice, "77", $"/{Room}/s", Session(1, 0, false))).Fails(404, "M_NOT_FOUND");
        (await alice.PutAsync($"v3/room_keys/keys/{Room}/s", Session(1, 0, false))).Fails(400, "M_MISSING_PARAM");
    }

    [Fact]
    public async Task A_new_version_is_empty_and_numbers_are_not_used_again()
    {
        var alice = await server.RegisterAsync("alice");
        var first = await CreateAsync(alice);
        (await PutAsync(alice, first, $"/{Room}/s", Session(1, 0, false))).Ok();
        (await alice.DeleteAsync($"v3/room_keys/version/{first}")).Ok();

        var second = await CreateAsync(alice);

        Assert.NotEqual(first, second);
        Assert.Empty((await GetAsync(alice, second, "")).Ok()["rooms"]!.AsObject());
        (await GetAsync(alice, first, "")).Fails(404, "M_NOT_FOUND");
    }

    [Fact]
    public async Task Keys_are_deleted_for_a_session_a_room_and_all()
    {
        var alice = await server.RegisterAsync("alice");
        var version = await CreateAsync(alice);
        var sessions = $$$"""{"sessions":{"a":{{{Session(1, 0, false)}}},"b":{{{Session(1, 0, false)}}},"c":{{{Session(1, 0, false)}}}}}""";
        (await PutAsync(alice, version, $"/{Room}", sessions)).Ok();
        (await PutAsync(alice, version, "/!other:one.test", sessions)).Ok();

        Assert.Equal(5, (int)(await DeleteAsync(alice, version, $"/{Room}/a")).Ok()["count"]!);
        Assert.Equal(3, (int)(await DeleteAsync(alice, version, $"/{Room}")).Ok()["count"]!);
        Assert.Equal(0, (int)(await DeleteAsync(alice, version, "")).Ok()["count"]!);
        Assert.Empty((await GetAsync(alice, version, "")).Ok()["rooms"]!.AsObject());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"first_message_index":"1","forwarded_count":0,"is_verified":true,"session_data":{}}""")]
    [InlineData("""{"first_message_index":1.5,"forwarded_count":0,"is_verified":true,"session_data":{}}""")]
    [InlineData("""{"first_message_index":1,"forwarded_count":0,"is_verified":1,"session_data":{}}""")]
    public async Task Malformed_key_data_is_refused(string body)
    {
        var alice = await server.RegisterAsync("alice");
        var version = await CreateAsync(alice);

        (await PutAsync(alice, version, $"/{Room}/s", body)).Fails(400, "M_BAD_JSON");
    }

    private static async Task<string> CreateAsync(TestClient who) => (await who.PostAsync("v3/room_keys/version", Version)).Ok("version");

    private static Task<Answer> PutAsync(TestClient who, string version, string scope, string body) =>
        who.PutAsync($"v3/room_keys/keys{scope}?version={version}", body);

    private static Task<Answer> GetAsync(TestClient who, string version, string scope) => who.GetAsync($"v3/room_keys/keys{scope}?version={version}");

    private static Task<Answer> DeleteAsync(TestClient who, string version, string scope) => who.DeleteAsync($"v3/room_keys/keys{scope}?version={version}");

    private static string Session(int index, int forwarded, bool verified) => new JsonObject
    {
        ["first_message_index"] = index,
        ["forwarded_count"] = forwarded,
        ["is_verified"] = verified,
        ["session_data"] = new JsonObject { ["x"] = "opaque" },
    }.ToJsonString();
}
