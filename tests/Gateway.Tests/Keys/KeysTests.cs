using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Keys;

public sealed class KeysTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Fact]
    public async Task Uploaded_keys_are_found_by_others_with_the_devices_name()
    {
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        (await alice.PutAsync($"v3/devices/{alice.DeviceId}", """{"display_name":"Alice's phone"}""")).Ok();
        (await alice.PostAsync("v3/keys/upload", $$"""{"device_keys":{{KeyObjects.Device(alice)}}}""")).Ok();

        var answer = (await bob.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{alice.UserId}}}":[]}}""")).Ok();

        var device = answer["device_keys"]![alice.UserId]![alice.DeviceId]!;
        Assert.Equal("Alice's phone", (string?)device["unsigned"]!["device_display_name"]);
        Assert.Equal("curve", (string?)device["keys"]![$"curve25519:{alice.DeviceId}"]);
        Assert.Empty(answer["failures"]!.AsObject());
    }

    [Fact]
    public async Task A_query_names_only_the_devices_asked_for_and_users_that_exist()
    {
        var alice = await server.RegisterAsync("alice");
        var second = await server.LogInAsync(alice);
        (await alice.PostAsync("v3/keys/upload", $$"""{"device_keys":{{KeyObjects.Device(alice)}}}""")).Ok();
        (await second.PostAsync("v3/keys/upload", $$"""{"device_keys":{{KeyObjects.Device(second)}}}""")).Ok();
        var keyless = await server.RegisterAsync("keyless");

        var answer = (await alice.PostAsync(
            "v3/keys/query", $$$"""{"device_keys":{"{{{alice.UserId}}}":["{{{second.DeviceId}}}"],"{{{keyless.UserId}}}":[],"@nobody:one.test":[]}}""")).Ok();

        var users = answer["device_keys"]!.AsObject();
        Assert.Equal(second.DeviceId, Assert.Single(users[alice.UserId]!.AsObject()).Key);
        Assert.Empty(users[keyless.UserId]!.AsObject());
        Assert.False(users.ContainsKey("@nobody:one.test"));
    }

    [Theory]
    [InlineData("query", """{"device_keys":{},"timeout":"10"}""")]
    [InlineData("query", """{"device_keys":{},"timeout":-1}""")]
    [InlineData("claim", """{"one_time_keys":{},"timeout":1.5}""")]
    public async Task A_timeout_is_a_number_of_milliseconds(string endpoint, string body)
    {
        var alice = await server.RegisterAsync("alice");
        (await alice.PostAsync($"v3/keys/{endpoint}", body)).Fails(400, "M_BAD_JSON");
    }

    [Fact]
    public async Task Servers_that_cannot_be_reached_are_failures()
    {
        var alice = await server.RegisterAsync("alice");

        var query = (await alice.PostAsync("v3/keys/query", """{"device_keys":{"@bob:nowhere.test":[]}}""")).Ok();
        var claim = (await alice.PostAsync("v3/keys/claim", """{"one_time_keys":{"@bob:nowhere.test":{"D":"signed_curve25519"}}}""")).Ok();

        Assert.Equal("nowhere.test", Assert.Single(query["failures"]!.AsObject()).Key);
        Assert.Equal("nowhere.test", Assert.Single(claim["failures"]!.AsObject()).Key);
    }

    [Theory]
    [InlineData("""{"device_keys":{"user_id":"USER","device_id":"DEVICE"}}""", "M_BAD_JSON")]
    [InlineData("""{"device_keys":{"user_id":"@other:one.test","device_id":"DEVICE","algorithms":[],"keys":{},"signatures":{}}}""", "M_INVALID_PARAM")]
    [InlineData("""{"device_keys":{"user_id":"USER","device_id":"OTHER","algorithms":[],"keys":{},"signatures":{}}}""", "M_INVALID_PARAM")]
    [InlineData("""{"device_keys":{"user_id":"USER","device_id":"DEVICE","algorithms":[1],"keys":{},"signatures":{}}}""", "M_BAD_JSON")]
    [InlineData("""{"one_time_keys":{"noalgorithm":"x"}}""", "M_INVALID_PARAM")]
    [InlineData("""{"one_time_keys":{"a:1":1}}""", "M_BAD_JSON")]
    [InlineData("""{"fallback_keys":{"a:1":"x","a:2":"y"}}""", "M_INVALID_PARAM")]
    [InlineData("""{"one_time_keys":[]}""", "M_BAD_JSON")]
    [InlineData("""{"one_time_keys":{"a:1":{"key":1}}}""", "M_BAD_JSON")]
    [InlineData("""{"one_time_keys":{"a:1":{"key":"x","signatures":{"@a:b":[]}}}}""", "M_BAD_JSON")]
    [InlineData("""{"fallback_keys":{"a:1":{"key":"x","fallback":"yes"}}}""", "M_BAD_JSON")]
    public async Task Bad_uploads_are_refused_and_store_nothing(string body, string errCode)
    {
        var alice = await server.RegisterAsync("alice");
        var text = body.Replace("USER", alice.UserId, StringComparison.Ordinal).Replace("DEVICE", alice.DeviceId, StringComparison.Ordinal);

        (await alice.PostAsync("v3/keys/upload", text)).Fails(400, errCode);

        Assert.Empty((await alice.PostAsync("v3/keys/upload")).Ok()["one_time_key_counts"]!.AsObject());
    }

    [Fact]
    public async Task A_one_time_key_can_be_uploaded_again_but_not_changed()
    {
        var alice = await server.RegisterAsync("alice");
        (await alice.PostAsync("v3/keys/upload", """{"one_time_keys":{"signed_curve25519:A":{"key":"k","x":1}}}""")).Ok();

        (await alice.PostAsync("v3/keys/upload", """{"one_time_keys":{"signed_curve25519:A":{"x":1,"key":"k"}}}""")).Ok();
        (await alice.PostAsync("v3/keys/upload", """{"one_time_keys":{"signed_curve25519:A":{"key":"other"}}}""")).Fails(400, "M_INVALID_PARAM");

        Assert.Equal(1, (int?)(await alice.PostAsync("v3/keys/upload")).Ok()["one_time_key_counts"]!["signed_curve25519"]);
    }

    [Fact]
    public async Task Claims_never_give_the_same_key_twice_and_end_with_the_fallback_key()
    {
        const int Keys = 40;
        var alice = await server.RegisterAsync("alice");
        var bob = await server.RegisterAsync("bob");
        var oneTime = new JsonObject();
        for (var i = 0; i < Keys; i++)
            oneTime[$"signed_curve25519:{i}"] = new JsonObject { ["key"] = i.ToString(System.Globalization.CultureInfo.InvariantCulture) };
        var body = new JsonObject
        {
            ["one_time_keys"] = oneTime,
            ["fallback_keys"] = new JsonObject { ["signed_curve25519:F"] = new JsonObject { ["fallback"] = true } }
        };
        (await alice.PostAsync("v3/keys/upload", body.ToJsonString())).Ok();

        var claims = await Task.WhenAll(Enumerable.Range(0, Keys + 10).Select(i => ClaimAsync(i % 2 == 0 ? bob : alice, alice)));

        var given = claims.Where(id => id != "signed_curve25519:F").ToList();
        Assert.Equal(Keys, given.Count);
        Assert.Equal(Keys, given.Distinct().Count());
        Assert.Empty((await alice.PostAsync("v3/keys/upload")).Ok()["one_time_key_counts"]!.AsObject());
    }

    [Fact]
    public async Task Keys_survive_a_restart_of_the_server()
    {
        await using var own = new MatrixTestServer();
        await own.InitializeAsync();
        var alice = await own.RegisterAsync("alice");
        (await alice.PostAsync("v3/keys/upload", $$$"""{"device_keys":{{{KeyObjects.Device(alice)}}},"one_time_keys":{"a:1":"x"}}""")).Ok();

        await own.RestartAsync();

        Assert.Equal(1, (int?)(await alice.PostAsync("v3/keys/upload")).Ok()["one_time_key_counts"]!["a"]);
        var answer = (await alice.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{alice.UserId}}}":[]}}""")).Ok();
        Assert.NotNull(answer["device_keys"]![alice.UserId]![alice.DeviceId]);
    }

    [Theory]
    [InlineData("keys/query", "{}")]
    [InlineData("keys/query", """{"device_keys":{"notauser":[]}}""")]
    [InlineData("keys/query", """{"device_keys":{"@a:b":{}}}""")]
    [InlineData("keys/claim", """{"one_time_keys":{"@a:b":[]}}""")]
    [InlineData("keys/claim", """{"one_time_keys":{"@a:b":{"D":1}}}""")]
    [InlineData("keys/upload", "[]")]
    [InlineData("keys/device_signing/upload", "{}")]
    [InlineData("keys/device_signing/upload", """{"master_key":[]}""")]
    [InlineData("keys/signatures/upload", """{"@a:b":[]}""")]
    public async Task Malformed_bodies_are_refused(string path, string body)
    {
        var alice = await server.RegisterAsync("alice");

        Assert.Equal(400, (await alice.PostAsync("v3/" + path, body)).Status);
    }

    private static async Task<string> ClaimAsync(TestClient who, TestClient target)
    {
        var answer = (await who.PostAsync(
            "v3/keys/claim", $$$$"""{"one_time_keys":{"{{{{target.UserId}}}}":{"{{{{target.DeviceId}}}}":"signed_curve25519"}}}""")).Ok();
        return Assert.Single(answer["one_time_keys"]![target.UserId]![target.DeviceId]!.AsObject()).Key;
    }
}
