using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Directory;

/// <summary>A server with a TURN server and support information.</summary>
public sealed class ConfiguredServer : MatrixTestServer
{
    protected override IReadOnlyList<string> Settings =>
    [
        "--Matrix:Turn:Uris:0=turn:turn.test", "--Matrix:Turn:SharedSecret=secret", "--Matrix:Turn:TtlSeconds=600",
        "--Matrix:Support:Contacts:0:EmailAddress=admin@one.test", "--Matrix:PolicyServerKey=key",
    ];
}

public sealed class OtherEndpointsTests(ConfiguredServer server) : IClassFixture<ConfiguredServer>
{
    [Fact]
    public async Task Presence_is_set_by_oneself_and_seen_by_those_who_share_a_room()
    {
        var (alice, bob, carol) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"), await server.RegisterAsync("carol"));
        await bob.JoinAsync(await alice.CreateRoomAsync("""{"preset":"public_chat"}"""));
        var path = $"v3/presence/{alice.UserId}/status";

        (await bob.PutAsync(path, """{"presence":"online"}""")).Fails(403, "M_FORBIDDEN");
        (await alice.PutAsync(path, """{"presence":"busy?"}""")).Fails(400, "M_INVALID_PARAM");
        (await alice.PutAsync(path, """{"presence":"unavailable","status_msg":"tea"}""")).Ok();

        var seen = (await bob.GetAsync(path)).Ok();
        Assert.Equal("unavailable", (string?)seen["presence"]);
        Assert.Equal("tea", (string?)seen["status_msg"]);
        Assert.True((long)seen["last_active_ago"]! >= 0);
        (await carol.GetAsync(path)).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task Reports_are_kept_and_tell_nothing_about_what_exists()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        var eventId = await alice.SendTextAsync(room, "spam");

        (await bob.PostAsync($"v3/rooms/{room}/report/{eventId}", """{"reason":"spam"}""")).Fails(404, "M_NOT_FOUND");
        await bob.JoinAsync(room);
        (await bob.PostAsync($"v3/rooms/{room}/report/{eventId}", """{"reason":"spam","score":-100}""")).Ok();
        (await bob.PostAsync($"v3/rooms/{room}/report/$none", """{"reason":"spam"}""")).Fails(404, "M_NOT_FOUND");
        (await bob.PostAsync($"v3/rooms/{room}/report", """{"reason":"bad room"}""")).Ok();
        (await bob.PostAsync("v3/rooms/!none:one.test/report", """{"reason":"bad room"}""")).Ok();
        (await bob.PostAsync($"v3/users/{alice.UserId}/report", """{"reason":"bad user"}""")).Ok();
        (await bob.PostAsync($"v3/users/{alice.UserId}/report", "{}")).Fails(400, "M_MISSING_PARAM");

        var reports = (await server.Services.GetRequiredService<IStorage>().Reports.ListAsync(0, 100, TestContext.Current.CancellationToken))
            .Where(r => r.Reporter == bob.UserId).ToList();
        Assert.Equal([("spam", eventId), ("bad room", ""), ("bad user", "")], reports.Select(r => (r.Reason, r.EventId)));
        Assert.All(reports, r => Assert.True(r.ReportedUserId == alice.UserId || r.RoomId == room));
    }

    [Fact]
    public async Task The_turn_server_gets_credentials_that_expire()
    {
        var alice = await server.RegisterAsync("alice");

        var turn = (await alice.GetAsync("v3/voip/turnServer")).Ok();

        Assert.Equal("turn:turn.test", (string?)turn["uris"]![0]);
        Assert.Equal(600, (int)turn["ttl"]!);
        var username = (string)turn["username"]!;
        Assert.EndsWith($":{alice.UserId}", username, StringComparison.Ordinal);
#pragma warning disable CA5350 // What TURN servers check.
        var expected = Convert.ToBase64String(System.Security.Cryptography.HMACSHA1.HashData("secret"u8, System.Text.Encoding.UTF8.GetBytes(username)));
#pragma warning restore CA5350
        Assert.Equal(expected, (string?)turn["password"]);
    }

    [Fact]
    public async Task Support_and_policy_server_are_published_where_configured()
    {
        var support = (await server.Anonymous().GetAsync("/.well-known/matrix/support")).Ok();
        var policy = (await server.Anonymous().GetAsync("/.well-known/matrix/policy_server")).Ok();

        Assert.Equal("admin@one.test", (string?)support["contacts"]![0]!["email_address"]);
        Assert.Equal("m.role.admin", (string?)support["contacts"]![0]!["role"]);
        Assert.Equal("key", (string?)policy["public_keys"]!["ed25519"]);
    }

    [Fact]
    public async Task Third_party_identifiers_are_refused_with_the_specified_errors()
    {
        var alice = await server.RegisterAsync("alice");
        const string Path = "v3/account/3pid";

        Assert.Empty((await alice.GetAsync(Path)).Ok()["threepids"]!.AsArray());
        (await alice.PostAsync(Path + "/add", """{"client_secret":"s","sid":"1"}""")).Fails(403, "M_THREEPID_DENIED");
        (await alice.PostAsync(Path + "/add", """{"sid":"1"}""")).Fails(400, "M_MISSING_PARAM");
        (await alice.PostAsync(Path + "/bind", """{"client_secret":"s","sid":"1","id_server":"i","id_access_token":"t"}""")).Fails(400, "M_SERVER_NOT_TRUSTED");
        (await alice.PostAsync(Path + "/email/requestToken", """{"client_secret":"s","email":"a@b.c","send_attempt":1}"""))
            .Fails(400, "M_THREEPID_MEDIUM_NOT_SUPPORTED");
        Assert.Equal("no-support", (await alice.PostAsync(Path + "/delete", """{"medium":"email","address":"a@b.c"}""")).Ok("id_server_unbind_result"));
    }

    [Fact]
    public async Task There_are_no_third_party_networks_and_no_oauth()
    {
        var alice = await server.RegisterAsync("alice");

        Assert.Empty((await alice.GetAsync("v3/thirdparty/protocols")).Ok().AsObject());
        (await alice.GetAsync("v3/thirdparty/protocol/irc")).Fails(404, "M_NOT_FOUND");
        Assert.Empty((await alice.GetAsync("v3/thirdparty/user?userid=%40a%3Ab")).Ok().AsArray());
        (await alice.GetAsync("v3/thirdparty/location")).Fails(400, "M_MISSING_PARAM");
        (await alice.GetAsync("v1/auth_metadata")).Fails(404, "M_UNRECOGNIZED");
        (await alice.PutAsync("v3/directory/list/appservice/net/!room:one.test", """{"visibility":"public"}""")).Fails(403, "M_FORBIDDEN");
    }

    [Fact]
    public async Task The_user_directory_finds_users_in_shared_and_public_rooms_only()
    {
        var (alice, bob, hidden) = (await server.RegisterAsync("finder"), await server.RegisterAsync("findee"), await server.RegisterAsync("findhidden"));
        await bob.JoinAsync(await alice.CreateRoomAsync("""{"preset":"public_chat"}"""));
        await hidden.CreateRoomAsync("""{"preset":"private_chat"}""");
        (await bob.PutAsync($"v3/profile/{bob.UserId}/displayname", """{"displayname":"Unfindable Name"}""")).Ok();

        Assert.Equal([bob.UserId], await SearchAsync(alice, "FINDEE"));
        Assert.Equal([bob.UserId], await SearchAsync(alice, "unfindable n"));
        Assert.Empty(await SearchAsync(alice, "findhidden"));
        Assert.Empty(await SearchAsync(hidden, "findhidden"));
        Assert.Equal([alice.UserId], await SearchAsync(alice, "@finder"));
        Assert.True((bool)(await alice.PostAsync("v3/user_directory/search", """{"search_term":"find","limit":1}""")).Ok()["limited"]!);
    }

    private static async Task<IReadOnlyList<string?>> SearchAsync(TestClient who, string term) =>
        [.. (await who.PostAsync("v3/user_directory/search", $$"""{"search_term":"{{term}}"}""")).Ok()["results"]!.AsArray()
            .Select(u => (string?)u!["user_id"])];
}
