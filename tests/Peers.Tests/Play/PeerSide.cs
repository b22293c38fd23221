using System.Globalization;
using System.Text.Json.Nodes;
using OrleansMatrix.Peers.Tests.Asking;
using OrleansMatrix.Peers.Tests.Graph;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>The users of a server made by hand.</summary>
internal sealed class PeerSide : ISide
{
    private readonly DeviceLists _devices;
    private readonly Looks _looks;

    public PeerSide(PeerServer peer)
    {
        (Peer, _devices, _looks) = (peer, new DeviceLists(peer), new Looks(peer));
        if (!IsHonest)
            peer.Network.Liars[peer.Name] = true;
        (Speaker, Other, Stranger) = (peer.Users.Make("speaker"), peer.Users.Make("other"), peer.Users.Make("stranger"));
        RoomVersion.TryGet("6", out var version);
        Elsewhere = peer.Acts.CreateRoom(version!, Stranger, "public", [Stranger]).RoomId;
    }

    public PeerServer Peer { get; }

    public string Server => Peer.Name;

    public string Speaker { get; }

    public string Other { get; }

    public string Stranger { get; }

    /// <summary>A public room that nobody else joins.</summary>
    public string Elsewhere { get; }

    public bool IsHonest => Peer.Character != Character.Lying;

    public Task<string> CreateRoomAsync(string version, string joinRule, IReadOnlyCollection<string> powerful)
    {
        RoomVersion.TryGet(version, out var known);
        return Task.FromResult(Peer.Acts.CreateRoom(known!, Speaker, joinRule, powerful).RoomId);
    }

    public async Task<Done> JoinAsync(string user, string room, string via)
    {
        if (Resident(room) is { } known)
            return await SendAsync(known, user, EventTypes.Member, user, Peer.Acts.Member(Membership.Join, user));
        return await TryAsync(via, () => new Entry(Peer).RunAsync(via, room, user, "join"));
    }

    public async Task<Done> LeaveAsync(string user, string room, string via)
    {
        if (Resident(room) is { } known)
            return await SendAsync(known, user, EventTypes.Member, user, new JsonObject { ["membership"] = Membership.Leave });
        return await TryAsync(via, () => new Entry(Peer).RunAsync(via, room, user, "leave"));
    }

    public Task<Done> KnockAsync(string user, string room, string via) => TryAsync(via, () => new Entry(Peer).RunAsync(via, room, user, "knock"));

    public async Task<Done> SetMemberAsync(string by, string room, string target, string membership)
    {
        if (Resident(room) is not { } known)
            return Done.No;
        if (membership != Membership.Invite)
            return await SendAsync(known, by, EventTypes.Member, target, new JsonObject { ["membership"] = membership });
        Pdu invite;
        lock (Peer.Gate)
        {
            invite = Peer.Acts.Draft(known, by, EventTypes.Member, target, new JsonObject { ["membership"] = membership });
            if (!known.IsAllowed(invite, known.Current))
                return Done.No;
        }

        return await TryAsync(Acts.DomainOf(target), () => new Invitation(Peer).SendAsync(known, invite));
    }

    public Task<string?> SayAsync(string user, string room, string text) => Task.FromResult(Resident(room) is { } known
        ? Peer.Acts.Send(known, user, EventTypes.Message, null, new JsonObject { ["msgtype"] = "m.text", ["body"] = text })?.EventId : null);

    public Task<Done> SetStateAsync(string user, string room, string type, string key, JsonObject content) =>
        Resident(room) is { } known ? SendAsync(known, user, type, key, content) : Task.FromResult(Done.No);

    public Task<Done> RedactAsync(string user, string room, string eventId)
    {
        if (Resident(room) is not { } known)
            return Task.FromResult(Done.No);
        var content = new JsonObject();
        if (known.Version.RedactsInContent)
            content["redacts"] = eventId;
        return SendAsync(known, user, EventTypes.Redaction, null, content, known.Version.RedactsInContent ? null : eventId);
    }

    public Task<JsonObject?> StateOfAsync(string room, string type, string key)
    {
        lock (Peer.Gate)
        {
            return Task.FromResult(Peer.Rooms.TryGetValue(room, out var known) && known.CurrentOf(type, key) is { } pdu
                ? Acts.Node(pdu)["content"]!.DeepClone().AsObject() : null);
        }
    }

    public Task<string?> ReadAsync(string user, string room)
    {
        lock (Peer.Gate)
        {
            if (!Peer.Rooms.TryGetValue(room, out var known) || known.Timeline.LastOrDefault(id => IsReadable(known.Find(id)!)) is not { } id)
                return Task.FromResult<string?>(null);
            var data = new JsonObject { ["ts"] = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() };
            var receipt = new JsonObject { ["event_ids"] = new JsonArray(id), ["data"] = data };
            Edu(known, "m.receipt", new JsonObject { [room] = new JsonObject { ["m.read"] = new JsonObject { [user] = receipt } } });
            return Task.FromResult<string?>(id);
        }
    }

    public Task TypeAsync(string user, string room)
    {
        if (Resident(room) is { } known)
            Edu(known, "m.typing", new JsonObject { ["room_id"] = room, ["user_id"] = user, ["typing"] = true });
        return Task.CompletedTask;
    }

    public Task SendToDeviceAsync(string user, string target, int number)
    {
        var body = new JsonObject
        {
            ["sender"] = user,
            ["type"] = "org.example.n",
            ["message_id"] = Peer.Users.Fresh(),
            ["messages"] = new JsonObject { [target] = new JsonObject { ["*"] = new JsonObject { ["n"] = number } } },
        };
        Peer.Outbox.Send([Acts.DomainOf(target)], isPdu: false, new JsonObject { ["edu_type"] = "m.direct_to_device", ["content"] = body });
        return Task.CompletedTask;
    }

    public Task ChangeDevicesAsync(string user, int number)
    {
        var device = "D" + (number % 3).ToString(CultureInfo.InvariantCulture);
        bool isThere;
        lock (Peer.Gate)
            isThere = Peer.Users.Devices[user].Keys.ContainsKey(device);
        _devices.Change(user, device, isRemoved: isThere && number % 2 == 0);
        return Task.CompletedTask;
    }

    public Task ChangeMasterAsync(string user)
    {
        if (Peer.Character != Character.Old)
            _devices.ChangeMaster(user);
        return Task.CompletedTask;
    }

    public async Task SetNameAsync(string user, string name)
    {
        List<GraphRoom> rooms;
        lock (Peer.Gate)
        {
            Peer.Users.Names[user] = name;
            rooms = [.. Peer.Rooms.Values.Where(r => r.MembershipOf(user) == Membership.Join)];
        }

        foreach (var room in rooms)
            await SendAsync(room, user, EventTypes.Member, user, Peer.Acts.Member(Membership.Join, user));
    }

    public int Looks => Play.Looks.Kinds;

    public Task LookAsync(ISide other, string room, int kind, Random random) => TryAsync(other.Server, async () =>
    {
        await _looks.OneAsync(other, room, kind, random);
        return true;
    });

    /// <summary>Lies, if that is its character.</summary>
    public void Lie(string room, IReadOnlyList<ISide> others, Random random)
    {
        if (!IsHonest)
            new Mischief(Peer, Speaker).Send(room, others, random);
    }

    public Task<SortedDictionary<string, string>> StateAsync(string room)
    {
        lock (Peer.Gate)
        {
            var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var (key, id) in Peer.Rooms[room].Current)
                state[key.ToString()] = id;
            return Task.FromResult(state);
        }
    }

    public Task<List<(string Id, bool IsWhole)>> MessagesAsync(string room, bool onlyNewest = false)
    {
        lock (Peer.Gate)
        {
            var known = Peer.Rooms[room];
            return Task.FromResult(known.Timeline.Select(id => known.Find(id)!).Where(static p => p.Type == EventTypes.Message)
                .Select(static p => (p.EventId, p.HasContentMember("body"u8))).ToList());
        }
    }

    public Task<string> MembershipAsync(string user, string room)
    {
        lock (Peer.Gate)
        {
            return Task.FromResult(Peer.Users.Outside.TryGetValue((room, user), out var outside) ? outside
                : Peer.Rooms.TryGetValue(room, out var known) && known.Servers().Contains(Server) ? known.MembershipOf(user) : Membership.Leave);
        }
    }

    public Task<string> MemberAsync(string user, string room)
    {
        lock (Peer.Gate)
            return Task.FromResult(Peer.Rooms[room].MembershipOf(user));
    }

    public Task<string?> ReceiptOfAsync(string room, string user)
    {
        lock (Peer.Gate)
            return Task.FromResult(Peer.Users.Receipts.GetValueOrDefault((room, user)));
    }

    public async Task<string?> NameOfAsync(string user)
    {
        var answer = await Peer.AskAsync(
            Acts.DomainOf(user), "GET", $"/_matrix/federation/v1/query/profile?field=displayname&user_id={Uri.EscapeDataString(user)}");
        return answer.Ok("displayname");
    }

    public Task<List<(string Sender, string Number)>> ArrivedAsync() => Task.FromResult(Peer.Users.Arrived.ToList());

    public async Task<string> DevicesOfAsync(string user)
    {
        var isOwn = Acts.DomainOf(user) == Server;
        if (!isOwn)
            await (Peer.Users.Followed.ContainsKey(user) ? _devices.RefreshAsync() : _devices.FollowAsync(user));
        lock (Peer.Gate)
        {
            if (!isOwn && !Peer.Users.Followed.ContainsKey(user))
                return "unknown";
            var list = isOwn ? Peer.Users.Devices[user] : Peer.Users.Followed[user];
            var devices = list.Keys.Select(static d => KeyValuePair.Create(d.Key, JsonNode.Parse(d.Value)));
            return DevicesText.Of(devices, list.Master is null ? null : JsonNode.Parse(list.Master));
        }
    }

    // What others say may be gone from the history elsewhere, if they were turned away meanwhile.
    private static bool IsReadable(Pdu pdu) => pdu.Type == EventTypes.Message && pdu.Sender.StartsWith("@speaker", StringComparison.Ordinal);

    /// <summary>The room if this server is in it.</summary>
    private GraphRoom? Resident(string room)
    {
        lock (Peer.Gate)
            return Peer.Rooms.TryGetValue(room, out var known) && known.Servers().Contains(Server) ? known : null;
    }

    private Task<Done> SendAsync(GraphRoom room, string user, string type, string? key, JsonObject content, string? redacts = null) =>
        Task.FromResult(Peer.Acts.Send(room, user, type, key, content, redacts) is null ? Done.No : Done.Yes);

    private void Edu(GraphRoom room, string type, JsonObject content)
    {
        lock (Peer.Gate)
            Peer.Outbox.Send(room.Servers(), isPdu: false, new JsonObject { ["edu_type"] = type, ["content"] = content });
    }

    private async Task<Done> TryAsync(string asked, Func<Task<bool>> run)
    {
        try
        {
            return await run() ? Done.Yes : Done.No;
        }
        catch (CutException)
        {
            return Done.Unsure;
        }
        catch (Exception e) when (Peer.Network.Liars.ContainsKey(asked) && e is not OperationCanceledException)
        {
            // A lie that cannot be read.
            return Done.No;
        }
    }
}
