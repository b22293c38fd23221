using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Devices;

public sealed class PusherTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Fact]
    public async Task A_pusher_is_added_listed_replaced_and_deleted()
    {
        var alice = await server.RegisterAsync("alice");
        (await alice.PostAsync("v3/pushers/set", Pusher("key", "en"))).Ok();
        (await alice.PostAsync("v3/pushers/set", Pusher("key", "de"))).Ok();

        var pusher = Assert.Single((await alice.GetAsync("v3/pushers")).Ok()["pushers"]!.AsArray())!;
        Assert.Equal("de", (string?)pusher["lang"]);
        Assert.Equal("https://push.test/_matrix/push/v1/notify", (string?)pusher["data"]!["url"]);
        Assert.Null(pusher["append"]);

        (await alice.PostAsync("v3/pushers/set", """{"app_id":"app","pushkey":"key","kind":null}""")).Ok();
        Assert.Empty((await alice.GetAsync("v3/pushers")).Ok()["pushers"]!.AsArray());
    }

    [Fact]
    public async Task A_push_key_belongs_to_one_user_unless_it_is_appended()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        (await alice.PostAsync("v3/pushers/set", Pusher("shared", "en"))).Ok();

        (await bob.PostAsync("v3/pushers/set", Pusher("shared", "en").Insert(1, "\"append\":true,"))).Ok();
        Assert.Single((await alice.GetAsync("v3/pushers")).Ok()["pushers"]!.AsArray());
        (await bob.PostAsync("v3/pushers/set", Pusher("shared", "en"))).Ok();

        Assert.Empty((await alice.GetAsync("v3/pushers")).Ok()["pushers"]!.AsArray());
        Assert.Single((await bob.GetAsync("v3/pushers")).Ok()["pushers"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"app_id":"app","kind":"http"}""", "M_MISSING_PARAM")]
    [InlineData("""{"app_id":"app","pushkey":"k","kind":"http"}""", "M_MISSING_PARAM")]
    [InlineData("""{"app_id":"app","pushkey":"k","kind":"http","app_display_name":"a","device_display_name":"d","lang":"en","data":{"url":"https://push.test/other"}}""", "M_INVALID_PARAM")]
    [InlineData("""{"app_id":"app","pushkey":"k","kind":"email","app_display_name":"a","device_display_name":"d","lang":"en","data":{}}""", "M_INVALID_PARAM")]
    public async Task Wrong_pushers_are_refused(string body, string errCode)
    {
        var alice = await server.RegisterAsync("alice");

        (await alice.PostAsync("v3/pushers/set", body)).Fails(400, errCode);
    }

    [Theory]
    [InlineData("\"profile_tag\":1,")]
    [InlineData("\"append\":\"no\",")]
    [InlineData("\"data\":{\"format\":{},\"url\":\"https://push.test/_matrix/push/v1/notify\"},")]
    public async Task Optional_members_of_the_wrong_type_are_refused(string member)
    {
        var alice = await server.RegisterAsync("alice");
        var pusher = Pusher("k", "en");
        if (member.Contains("data", StringComparison.Ordinal))
            pusher = pusher.Replace("\"data\"", "\"other\"", StringComparison.Ordinal);

        (await alice.PostAsync("v3/pushers/set", pusher.Insert(1, member))).Fails(400, "M_BAD_JSON");
    }

    private static string Pusher(string key, string lang) => $$$"""
        {"app_id":"app","pushkey":"{{{key}}}","kind":"http","app_display_name":"App","device_display_name":"Phone","lang":"{{{lang}}}",
         "data":{"url":"https://push.test/_matrix/push/v1/notify","format":"event_id_only"}}
        """;
}
