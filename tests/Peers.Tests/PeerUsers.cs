using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Peers.Tests;

/// <summary>The users of a <see cref="PeerServer"/>, and what it knows of those of others. Used under the server's lock where it says nothing else.</summary>
internal sealed class PeerUsers(PeerServer server)
{
    private readonly HashSet<string> _messageIds = new(StringComparer.Ordinal);
    private int _made;

    /// <summary>Display names of its users.</summary>
    public Dictionary<string, string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>The devices of its users.</summary>
    public Dictionary<string, DeviceList> Devices { get; } = new(StringComparer.Ordinal);

    /// <summary>The devices of others' users as far as they are followed.</summary>
    public Dictionary<string, DeviceList> Followed { get; } = new(StringComparer.Ordinal);

    /// <summary>Others' users whose devices are to be asked for anew.</summary>
    public HashSet<string> Stale { get; } = new(StringComparer.Ordinal);

    /// <summary>By room and user: what its users know of rooms that it is not in: invite, knock or leave.</summary>
    public Dictionary<(string Room, string User), string> Outside { get; } = [];

    /// <summary>The newest receipt of others, by room and user.</summary>
    public Dictionary<(string Room, string User), string> Receipts { get; } = [];

    /// <summary>What came to its users' devices: sender and body, in order.</summary>
    public ConcurrentQueue<(string Sender, string Body)> Arrived { get; } = new();

    public string Make(string localpart)
    {
        var id = $"@{localpart}:{server.Name}";
        Names[id] = localpart;
        Devices[id] = new DeviceList();
        return id;
    }

    public string Fresh() => string.Create(CultureInfo.InvariantCulture, $"n{Interlocked.Increment(ref _made)}");

    /// <summary>A member event of a room that this server is not in: an invite or knock of one of its users is taken back.</summary>
    public void Told(JsonNode json)
    {
        if (json["type"]?.GetValue<string>() != "m.room.member" || json["state_key"]?.GetValue<string>() is not { } user)
            return;
        var key = (json["room_id"]!.GetValue<string>(), user);
        if (Outside.ContainsKey(key) && json["content"]?["membership"]?.GetValue<string>() is "leave" or "ban")
            Outside[key] = "leave";
    }

    /// <summary>Takes what is no event.</summary>
    public void Take(string origin, string type, JsonNode content)
    {
        switch (type)
        {
            case "m.receipt":
                TakeReceipts(origin, content);
                break;
            case "m.direct_to_device":
                TakeMessages(origin, content);
                break;
            case "m.device_list_update":
                TakeUpdate(origin, content);
                break;
            case "m.signing_key_update":
                var user = content["user_id"]!.GetValue<string>();
                if (user.EndsWith(":" + origin, StringComparison.Ordinal) && Followed.TryGetValue(user, out var list))
                    list.Master = content["master_key"]?.ToJsonString() ?? list.Master;
                break;
        }
    }

    private void TakeReceipts(string origin, JsonNode content)
    {
        foreach (var (room, types) in content.AsObject())
        {
            foreach (var (user, receipt) in types?["m.read"]?.AsObject() ?? [])
            {
                if (user.EndsWith(":" + origin, StringComparison.Ordinal))
                    Receipts[(room, user)] = receipt!["event_ids"]![0]!.GetValue<string>();
            }
        }
    }

    private void TakeMessages(string origin, JsonNode content)
    {
        if (!_messageIds.Add($"{origin} {content["message_id"]}"))
            return;
        foreach (var (user, devices) in content["messages"]!.AsObject())
        {
            if (!Devices.ContainsKey(user))
                continue;
            foreach (var (_, body) in devices!.AsObject())
                Arrived.Enqueue((content["sender"]!.GetValue<string>(), body!["n"]?.ToString() ?? ""));
        }
    }

    private void TakeUpdate(string origin, JsonNode content)
    {
        var user = content["user_id"]!.GetValue<string>();
        if (!user.EndsWith(":" + origin, StringComparison.Ordinal) || !Followed.TryGetValue(user, out var list))
            return;
        var stream = content["stream_id"]!.GetValue<long>();
        var before = content["prev_id"]?.AsArray().Select(static id => id!.GetValue<long>()).ToList() ?? [];
        if (before.Exists(id => !list.Seen.Contains(id)))
        {
            Stale.Add(user);
            return;
        }

        list.Seen.Add(stream);
        list.Stream = Math.Max(list.Stream, stream);
        var device = content["device_id"]!.GetValue<string>();
        if (content["deleted"]?.GetValue<bool>() == true)
            list.Keys.Remove(device);
        else if (content["keys"] is JsonObject keys)
            list.Keys[device] = keys.ToJsonString();
    }
}

/// <summary>The devices of a user.</summary>
internal sealed class DeviceList
{
    /// <summary>The newest position in the stream of changes.</summary>
    public long Stream { get; set; }

    /// <summary>The positions that were seen.</summary>
    public HashSet<long> Seen { get; } = [];

    /// <summary>The identity keys of each device as JSON.</summary>
    public SortedDictionary<string, string> Keys { get; } = new(StringComparer.Ordinal);

    /// <summary>The master key as JSON; null for none.</summary>
    public string? Master { get; set; }
}
