using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>
/// Another server's user has more devices and keys than anybody needs: of those that are kept there is an end, and what is asked beside them is answered.
/// </summary>
public sealed class ManyKeysTests(FederatingServer server) : IClassFixture<FederatingServer>
{
    private const int Many = 5_000, MostKept = 1_000;

    [Fact]
    public async Task Of_a_users_devices_there_is_an_end()
    {
        await using var scene = await HostileScene.StartAsync(server);
        var mallory = scene.Peer.Peer.UserId("mallory");
        scene.Peer.Peer.On("GET /_matrix/federation/v1/user/devices/", _ => new Answer(
            200, $$"""{"user_id":"{{mallory}}","stream_id":1,"devices":[{{string.Join(',', Devices(mallory))}}]}"""));
        var found = await QueryAsync(scene, mallory);
        Assert.Equal(MostKept, found["device_keys"]![mallory]!.AsObject().Count);
        await scene.CheckOthersAsync();
    }

    private static IEnumerable<string> Devices(string user) =>
        Enumerable.Range(0, Many).Select(i => $$"""{"device_id":"D{{i}}","keys":{"user_id":"{{user}}","device_id":"D{{i}}","keys":{"ed25519:D{{i}}":"k"} } }""");

    private static async Task<JsonNode> QueryAsync(HostileScene scene, string user) =>
        (await scene.User.PostAsync("v3/keys/query", $$$"""{"device_keys":{"{{{user}}}":[]} }""")).Ok();
}
