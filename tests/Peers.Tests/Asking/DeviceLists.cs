using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Keys;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Peers.Tests.Asking;

/// <summary>The devices of this server's users, which others follow, and of others' users, which it follows itself.</summary>
internal sealed class DeviceLists(PeerServer server)
{
    private const string V1 = "/_matrix/federation/v1/";

    /// <summary>Adds or changes a device, or removes it; tells those who share rooms with the user.</summary>
    public void Change(string user, string device, bool isRemoved)
    {
        lock (server.Gate)
        {
            var list = server.Users.Devices[user];
            var before = list.Stream;
            list.Stream++;
            var update = new JsonObject
            {
                ["user_id"] = user,
                ["device_id"] = device,
                ["stream_id"] = list.Stream,
                ["prev_id"] = before == 0 ? new JsonArray() : new JsonArray(before),
            };
            if (isRemoved)
            {
                list.Keys.Remove(device);
                update["deleted"] = true;
            }
            else
            {
                var keys = KeysOf(user, device, server.Users.Fresh());
                list.Keys[device] = keys;
                update["keys"] = JsonNode.Parse(keys);
            }

            Tell(user, "m.device_list_update", update);
        }
    }

    /// <summary>Gives the user a new master key; a sloppy server does not count that as a change of the devices.</summary>
    public void ChangeMaster(string user)
    {
        lock (server.Gate)
        {
            var list = server.Users.Devices[user];
            list.Master = KeyObjects.CrossSigning(user, "master", KeyObjects.NewKey((byte)server.Draw(256)));
            if (server.Character != Character.Sloppy)
                list.Stream++;
            Tell(user, "m.signing_key_update", new JsonObject { ["user_id"] = user, ["master_key"] = JsonNode.Parse(list.Master) });
        }
    }

    /// <summary>Asks for the devices of a user whom it follows from now on.</summary>
    public async Task FollowAsync(string user)
    {
        lock (server.Gate)
            server.Users.Stale.Add(user);
        await RefreshAsync();
    }

    /// <summary>Asks again for the devices of those of whom something was missed.</summary>
    public async Task RefreshAsync()
    {
        string[] stale;
        lock (server.Gate)
        {
            stale = [.. server.Users.Stale];
            server.Users.Stale.Clear();
        }

        foreach (var user in stale)
        {
            Answer? answer = null;
            try
            {
                answer = await server.AskAsync(Acts.DomainOf(user), "GET", $"{V1}user/devices/{Uri.EscapeDataString(user)}");
            }
            catch (CutException)
            {
                // It stays stale.
            }

            lock (server.Gate)
            {
                if (answer is not { Status: 200 })
                    server.Users.Stale.Add(user);
                else
                    server.Users.Followed[user] = Read(answer.Json);
            }
        }
    }

    private static DeviceList Read(JsonNode answer)
    {
        var list = new DeviceList { Stream = answer["stream_id"]!.GetValue<long>(), Master = answer["master_key"]?.ToJsonString() };
        list.Seen.Add(list.Stream);
        foreach (var device in answer["devices"]!.AsArray())
        {
            if (device!["keys"] is JsonObject keys)
                list.Keys[device["device_id"]!.GetValue<string>()] = keys.ToJsonString();
        }

        return list;
    }

    private void Tell(string user, string type, JsonObject content)
    {
        var sharing = server.Rooms.Values.Where(r => r.MembershipOf(user) == "join").SelectMany(static r => r.Servers()).ToHashSet(StringComparer.Ordinal);
        server.Outbox.Send(sharing, isPdu: false, new JsonObject { ["edu_type"] = type, ["content"] = content });
    }

    /// <summary>The identity keys of a device.</summary>
    public static string KeysOf(string user, string device, string key) => $$"""
        {"user_id":"{{user}}","device_id":"{{device}}","algorithms":["m.olm.v1.curve25519-aes-sha2"],
        "keys":{"ed25519:{{device}}":"{{key}}","curve25519:{{device}}":"{{key}}"},"signatures":{"{{user}}":{"ed25519:{{device}}":"s"} } }
        """;
}
