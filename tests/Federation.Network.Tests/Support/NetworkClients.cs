using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Federation.Network.Tests.Support;

/// <summary>What the users of servers on a test's network do and wait for.</summary>
internal static class NetworkClients
{
    public static string RoomPath(string roomId) => "v3/rooms/" + Uri.EscapeDataString(roomId);

    /// <summary>Joins through a server.</summary>
    public static async Task JoinAsync(this TestClient user, string roomId, NetworkServer via) =>
        (await user.PostAsync($"v3/join/{Uri.EscapeDataString(roomId)}?server_name={via.NameText}")).Ok();

    /// <summary>Sets state and gives the event id.</summary>
    public static async Task<string> SetStateAsync(this TestClient user, string roomId, string type, string stateKey, string json) =>
        (await user.PutAsync($"{RoomPath(roomId)}/state/{type}/{Uri.EscapeDataString(stateKey)}", json)).Ok("event_id");

    /// <summary>Waits until the user can read an event.</summary>
    public static Task SeesAsync(this TestNetwork network, TestClient user, string roomId, string eventId) => network.UntilAsync(
        async () => (await user.GetAsync($"{RoomPath(roomId)}/event/{Uri.EscapeDataString(eventId)}")).Status == 200, $"{user.UserId} sees {eventId}");

    /// <summary>Waits until a member's membership is so, as the user sees it.</summary>
    public static Task SeesMemberAsync(this TestNetwork network, TestClient user, string roomId, string member, string membership) => network.UntilAsync(
        async () => await user.GetAsync($"{RoomPath(roomId)}/state/m.room.member/{Uri.EscapeDataString(member)}") is { Status: 200 } answer &&
        answer.Ok("membership") == membership,
        $"{user.UserId} sees {member} {membership}");

    /// <summary>Syncs until an answer is as expected, and gives it.</summary>
    public static async Task<JsonNode> SyncsAsync(this TestNetwork network, TestClient user, Func<JsonNode, bool> isExpected, string? since = null)
    {
        JsonNode sync = new JsonObject();
        await network.UntilAsync(
            async () =>
            {
                sync = (await user.GetAsync("v3/sync?timeout=0" + (since is null ? "" : "&since=" + since))).Ok();
                since = sync["next_batch"]!.GetValue<string>();
                return isExpected(sync);
            },
            $"the sync of {user.UserId}");
        return sync;
    }

    /// <summary>The token of a sync now.</summary>
    public static async Task<string> NowAsync(this TestClient user) => (await user.GetAsync("v3/sync?timeout=0")).Ok("next_batch");
}
