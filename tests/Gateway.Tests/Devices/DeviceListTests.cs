using OrleansMatrix.Gateway.Tests.Keys;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Devices;

public sealed class DeviceListTests(MatrixTestServer server) : IClassFixture<MatrixTestServer>
{
    [Fact]
    public async Task New_keys_are_announced_to_those_who_share_a_room_and_to_nobody_else()
    {
        var (alice, bob, carol) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"), await server.RegisterAsync("carol"));
        await bob.JoinAsync(await alice.CreateRoomAsync("""{"preset":"public_chat"}"""));
        var (bobs, carols) = (await NextAsync(bob), await NextAsync(carol));

        (await alice.PostAsync("v3/keys/upload", $$"""{"device_keys":{{KeyObjects.Device(alice)}}}""")).Ok();

        Assert.Contains(alice.UserId, await ChangedAsync(bob, bobs));
        Assert.DoesNotContain(alice.UserId, await ChangedAsync(carol, carols));
        Assert.Contains(alice.UserId, await KeysChangesAsync(bob, bobs, await NextAsync(bob)));
    }

    [Fact]
    public async Task A_membership_that_changed_again_after_the_range_counts_as_changed_in_it()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var room = await alice.CreateRoomAsync();
        var from = await NextAsync(alice);
        (await alice.PostAsync($"v3/rooms/{Uri.EscapeDataString(room)}/invite", $$"""{"user_id":"{{bob.UserId}}"}""")).Ok();
        Assert.Equal([bob.UserId], await ChangedAsync(alice, from));
        var to = await NextAsync(alice);
        await bob.JoinAsync(room);

        Assert.Equal([bob.UserId], await KeysChangesAsync(alice, from, to));
    }

    [Fact]
    public async Task Who_joins_an_encrypted_room_looks_up_the_members_and_the_own_devices()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        var plain = await alice.CreateRoomAsync("""{"preset":"public_chat"}""");
        var encrypted = await alice.CreateRoomAsync("""
            {"preset":"public_chat","initial_state":[{"type":"m.room.encryption","state_key":"","content":{"algorithm":"m.megolm.v1.aes-sha2"}}]}
            """);
        var before = await NextAsync(bob);
        await bob.JoinAsync(plain);
        Assert.Equal([alice.UserId], await ChangedAsync(bob, before));
        var between = await NextAsync(bob);
        await bob.JoinAsync(encrypted);
        Assert.Equal(new[] { alice.UserId, bob.UserId }.Order(), (await ChangedAsync(bob, between)).Order());
        Assert.Equal(new[] { alice.UserId, bob.UserId }.Order(), (await KeysChangesAsync(bob, between, await NextAsync(bob))).Order());
    }

    [Fact]
    public async Task A_user_signing_key_is_announced_to_its_owner_only()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        await bob.JoinAsync(await alice.CreateRoomAsync("""{"preset":"public_chat"}"""));
        var master = KeyObjects.NewKey(60);
        (await alice.PostAsync("v3/keys/device_signing/upload", $$"""{"master_key":{{KeyObjects.CrossSigning(alice.UserId, "master", master)}}}""")).Ok();
        var (alices, bobs) = (await NextAsync(alice), await NextAsync(bob));

        var auth = $$$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"{{{alice.UserId}}}"},"password":"{{{TestClient.Password}}}"}""";
        var key = KeyObjects.CrossSigning(alice.UserId, "user_signing", KeyObjects.NewKey(61), master);
        (await alice.PostAsync("v3/keys/device_signing/upload", $$"""{"user_signing_key":{{key}},"auth":{{auth}}}""")).Ok();

        Assert.Contains(alice.UserId, await ChangedAsync(alice, alices));
        Assert.DoesNotContain(alice.UserId, await ChangedAsync(bob, bobs));
    }

    [Fact]
    public async Task One_time_key_counts_are_in_sync_and_a_claim_wakes_it()
    {
        var (alice, bob) = (await server.RegisterAsync("alice"), await server.RegisterAsync("bob"));
        (await alice.PostAsync(
            "v3/keys/upload", """{"one_time_keys":{"signed_curve25519:1":"a","signed_curve25519:2":"b"},"fallback_keys":{"signed_curve25519:3":{"fallback":true}}}""")).Ok();
        var first = (await alice.GetAsync("v3/sync?timeout=0")).Ok();
        Assert.Equal(2, (int)first["device_one_time_keys_count"]!["signed_curve25519"]!);
        Assert.Equal("signed_curve25519", (string?)Assert.Single(first["device_unused_fallback_key_types"]!.AsArray()));

        var waiting = alice.GetAsync($"v3/sync?timeout=20000&since={first["next_batch"]}");
        (await bob.PostAsync("v3/keys/claim", $$$$"""{"one_time_keys":{"{{{{alice.UserId}}}}":{"{{{{alice.DeviceId}}}}":"signed_curve25519"}}}""")).Ok();

        Assert.Equal(1, (int)(await waiting).Ok()["device_one_time_keys_count"]!["signed_curve25519"]!);
    }

    private static async Task<string> NextAsync(TestClient who) => (await who.GetAsync("v3/sync?timeout=0")).Ok("next_batch");

    private static async Task<IReadOnlyList<string?>> ChangedAsync(TestClient who, string since) =>
        [.. (await who.GetAsync($"v3/sync?timeout=0&since={since}")).Ok()["device_lists"]?["changed"]?.AsArray().Select(u => (string?)u) ?? []];

    private static async Task<IReadOnlyList<string?>> KeysChangesAsync(TestClient who, string from, string to) =>
        [.. (await who.GetAsync($"v3/keys/changes?from={from}&to={to}")).Ok()["changed"]!.AsArray().Select(u => (string?)u)];
}
