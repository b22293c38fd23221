using System.Text.Json.Nodes;
using OrleansMatrix.Federation.Network.Tests.Support;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Federation.Network.Tests.Scenarios;

/// <summary>What clients of two servers need of them to talk in private: device lists, keys, messages to devices.</summary>
public sealed class EncryptionTests(ThreeServers servers) : IClassFixture<ThreeServers>
{
    private TestNetwork Network => servers.Network;

    [Fact]
    public async Task A_room_key_reaches_a_device_of_the_other_server()
    {
        var (anna, bert, room) = await MeetAsync();
        var sinceAnna = await anna.NowAsync();
        await UploadAsync(bert);
        await Network.SyncsAsync(anna, s => Changed(s).Contains(bert.UserId), sinceAnna);
        var found = (await anna.PostAsync("v3/keys/query", Query(bert))).Ok();
        Assert.NotNull(found["device_keys"]![bert.UserId]![bert.DeviceId]);
        var claim = $$$"""{"one_time_keys":{"{{{bert.UserId}}}":{"{{{bert.DeviceId}}}":"signed_curve25519"} } }""";
        var key = (await anna.PostAsync("v3/keys/claim", claim)).Ok()["one_time_keys"]![bert.UserId]![bert.DeviceId]!.AsObject();
        Assert.StartsWith("signed_curve25519:", Assert.Single(key).Key, StringComparison.Ordinal);

        var since = await bert.NowAsync();
        var messages = $$$$"""{"messages":{"{{{{bert.UserId}}}}":{"{{{{bert.DeviceId}}}}":{"room_id":"{{{{room}}}}"} } } }""";
        (await anna.PutAsync("v3/sendToDevice/m.room.encrypted/1", messages)).Ok();
        var sync = await Network.SyncsAsync(bert, s => s["to_device"]?["events"]?.AsArray().Count > 0, since);
        Assert.Equal(anna.UserId, sync["to_device"]!["events"]![0]!["sender"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_device_that_appears_while_the_servers_are_cut_off_is_known_afterwards()
    {
        var (anna, bert, _) = await MeetAsync();
        await UploadAsync(bert);
        await Network.SettleAsync(servers.All);
        var since = await anna.NowAsync();
        Network.Cut(servers.One, servers.Two);
        var second = await servers.Two.LogInAsync(bert);
        await UploadAsync(second);
        Network.Heal();
        await Network.SyncsAsync(anna, s => Changed(s).Contains(bert.UserId), since);
        await Network.UntilAsync(
            async () => (await anna.PostAsync("v3/keys/query", Query(bert))).Ok()["device_keys"]?[bert.UserId]?[second.DeviceId] is not null, "the new device");
    }

    [Fact]
    public async Task Messages_to_devices_come_once_and_in_order_over_a_bad_link()
    {
        var (anna, bert, _) = await MeetAsync();
        var since = await bert.NowAsync();
        var link = Network[servers.One, servers.Two];
        link.Seed(5);
        (link.LosesResponses, link.Duplicates) = (0.4, 0.4);
        const int Count = 30;
        for (var i = 0; i < Count; i++)
        {
            var messages = $$$$"""{"messages":{"{{{{bert.UserId}}}}":{"{{{{bert.DeviceId}}}}":{"n":{{{{i}}}}} } } }""";
            (await anna.PutAsync($"v3/sendToDevice/org.example.n/{i}", messages)).Ok();
        }

        var received = new List<int>();
        await Network.SyncsAsync(
            bert,
            s =>
            {
                received.AddRange((s["to_device"]?["events"]?.AsArray() ?? []).Select(e => e!["content"]!["n"]!.GetValue<int>()));
                return received.Count >= Count;
            },
            since);
        Network.Heal();
        await Network.SettleAsync(servers.All);
        Assert.Equal(Enumerable.Range(0, Count), received);
    }

    private async Task<(TestClient Anna, TestClient Bert, string Room)> MeetAsync()
    {
        var (anna, bert) = (await servers.One.RegisterAsync("anna"), await servers.Two.RegisterAsync("bert"));
        var room = await anna.CreateRoomAsync(
            $$$"""{"preset":"private_chat","invite":["{{{bert.UserId}}}"],"initial_state":[{"type":"m.room.encryption","state_key":"","content":{"algorithm":"m.megolm.v1.aes-sha2"}}]}""");
        await bert.JoinAsync(room);
        await Network.SeesMemberAsync(anna, room, bert.UserId, "join");
        await Network.SettleAsync(servers.All);
        return (anna, bert, room);
    }

    private static IEnumerable<string> Changed(JsonNode sync) => (sync["device_lists"]?["changed"]?.AsArray() ?? []).Select(u => u!.GetValue<string>());

    private static string Query(TestClient user) => $$$"""{"device_keys":{"{{{user.UserId}}}":[]}}""";

    // The server looks into keys only as far as it must.
    private static async Task UploadAsync(TestClient user)
    {
        var (id, device) = (user.UserId, user.DeviceId);
        (await user.PostAsync("v3/keys/upload", $$$$"""
            {"device_keys":{"user_id":"{{{{id}}}}","device_id":"{{{{device}}}}","algorithms":["m.olm.v1.curve25519-aes-sha2","m.megolm.v1.aes-sha2"],
              "keys":{"curve25519:{{{{device}}}}":"3C5BFWi2Y8MaVvjM8M22DBmh24PmgR0nPvJOIArzgyI","ed25519:{{{{device}}}}":"lEuiRJBit0IG6nUf5pUzWTUEsRVVe/HJkoKuEww9ULI"},
              "signatures":{"{{{{id}}}}":{"ed25519:{{{{device}}}}":"dSO80A01XiigH3uBiDVx/EjzaoycHcjq9lfQX0uWsqxl2giMIiSPR8a4d291W1ihKJL/a+myXS367WT6NAIcBA"} } },
             "one_time_keys":{"signed_curve25519:AAAAHg":{"key":"zKbLg+NrIjpnagy+pIY6uPL4ZwEG2v+8F9lmgsnlZzs",
              "signatures":{"{{{{id}}}}":{"ed25519:{{{{device}}}}":"FLWxXqGbwrb8SM3Y795eB6OA8bwBcoMZFXBqnTn58AYWZSqiD45tlBVcDa2L7RwdKXebW/VzDlnfVJ+9jok1Bw"} } } } }
            """)).Ok();
    }
}
