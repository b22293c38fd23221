using System.Globalization;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What the users of one server do in a schedule, one thing after the other. What is chosen follows from the seed and the step's number.</summary>
internal sealed class Actor(Course course, ISide side, int seed)
{
    // A prime, so that the steps of one seed are not those of the next.
    private const int Spread = 1_000_003;

    private Random _random = new(seed);
    private int _step;

    private Notes Notes => course.Notes;

    private string Room => course.Room;

    private ISide Another => course.Sides.Where(s => s != side).ElementAt(_random.Next(course.Sides.Count - 1));

    private string AnyOther => course.Sides[_random.Next(course.Sides.Count)].Other;

    private string Number() => _random.Next().ToString(CultureInfo.InvariantCulture);

    public async Task RunAsync(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            _random = new Random(unchecked((seed * Spread) + ++_step));
            if (side is PeerSide { IsHonest: false } liar && _random.Next(2) == 0)
                liar.Lie(Room, [.. course.Sides.Where(s => s != side)], _random);
            await ActAsync(_random.Next(100));
        }
    }

    private Task ActAsync(int choice) => choice switch
    {
        < 26 => SayAsync(side.Speaker, isSpeaker: true),
        < 31 => SayAsync(side.Other, isSpeaker: false),
        < 35 => StateAsync("m.room.topic", "", new JsonObject { ["topic"] = Number() }),
        < 38 => StateAsync("org.example.n", _random.Next(3).ToString(CultureInfo.InvariantCulture), new JsonObject { ["n"] = _random.Next() }),
        < 41 => LevelsAsync(),
        < 46 => ModerateAsync(),
        < 51 => ComeOrGoAsync(),
        < 54 => RedactAsync(),
        < 58 => ReceiptAsync(),
        < 59 => DoAsync("types", () => side.TypeAsync(side.Speaker, Room)),
        < 64 => NumberAsync(),
        < 67 => DoAsync("changes a device", () => side.ChangeDevicesAsync(side.Speaker, _random.Next(1000))),
        < 69 => DoAsync("changes the master key", () => side.ChangeMasterAsync(side.Speaker)),
        < 71 => NameAsync(),
        < 77 => InviteAsync(),
        < 83 => AnswerAsync(),
        < 88 => KnockAsync(),
        _ => LookAsync(),
    };

    private async Task DoAsync(string what, Func<Task> act)
    {
        Notes.Step($"{side.Server} step {_step}: {what}");
        await act();
    }

    private async Task<Done> TryAsync(string what, Func<Task<Done>> act)
    {
        var done = await act();
        Notes.Step($"{side.Server} step {_step}: {what}: {done}");
        return done;
    }

    private async Task SayAsync(string user, bool isSpeaker)
    {
        var id = await side.SayAsync(user, Room, Number());
        Notes.Step($"{side.Server} step {_step}: {user} says {id}");
        Assert.True(id is not null || !isSpeaker, "a speaker may not speak");
        if (id is not null && isSpeaker)
            Notes.Add(Notes.Messages, user, id);
    }

    private Task<Done> StateAsync(string type, string key, JsonObject content) =>
        TryAsync($"sets {type} {key}", () => side.SetStateAsync(side.Speaker, Room, type, key, content));

    private async Task LevelsAsync()
    {
        if (await side.StateOfAsync(Room, "m.room.power_levels", "") is not { } levels)
            return;
        if (levels["users"] is not JsonObject users)
            levels["users"] = users = [];
        users[AnyOther] = _random.Next(3) * 25;
        await TryAsync($"sets levels {users.ToJsonString()}", () => side.SetStateAsync(side.Speaker, Room, "m.room.power_levels", "", levels));
    }

    private Task<Done> ModerateAsync()
    {
        var (target, membership) = (AnyOther, _random.Next(3) == 0 ? "ban" : "leave");
        return TryAsync($"sets {target} {membership}", () => side.SetMemberAsync(side.Speaker, Room, target, membership));
    }

    private Task<Done> ComeOrGoAsync()
    {
        var isLeaving = _random.Next(3) == 0;
        var via = Another.Server;
        return TryAsync($"{side.Other} {(isLeaving ? "leaves" : "joins")}", () =>
            isLeaving ? side.LeaveAsync(side.Other, Room, via) : side.JoinAsync(side.Other, Room, via));
    }

    private async Task RedactAsync()
    {
        // One that it knows itself.
        var known = await side.MessagesAsync(Room, onlyNewest: true);
        var target = known.Count == 0 ? null : known[_random.Next(known.Count)].Id;
        if (target is not null && await TryAsync($"redacts {target}", () => side.RedactAsync(side.Speaker, Room, target)) == Done.Yes && side.IsHonest)
            Notes.Redacted[target] = true;
    }

    private async Task ReceiptAsync()
    {
        var id = await side.ReadAsync(side.Speaker, Room);
        Notes.Step($"{side.Server} step {_step}: has read {id}");
        if (id is not null)
            Notes.Receipts[side.Speaker] = id;
    }

    private async Task NumberAsync()
    {
        var (target, number) = (Another.Speaker, _random.Next());
        await DoAsync($"sends {number} to {target}", () => side.SendToDeviceAsync(side.Speaker, target, number));
        Notes.Add(Notes.Numbers, (side.Speaker, target), number.ToString(CultureInfo.InvariantCulture));
    }

    private async Task NameAsync()
    {
        var name = Number();
        await DoAsync($"is called {name}", () => side.SetNameAsync(side.Speaker, name));
        Notes.Names[side.Speaker] = name;
    }

    private async Task InviteAsync()
    {
        var own = Notes.SideRooms.Where(r => r.Owner == side && !r.IsForKnocks).ToList();
        if (own.Count < 2)
        {
            var guest = Another;
            var id = await side.CreateRoomAsync(course.Versions[_random.Next(course.Versions.Count)], "invite", [side.Speaker]);
            var room = new SideRoom(id, side, guest, IsForKnocks: false);
            Notes.SideRooms.Enqueue(room);
            room.Note(await TryAsync($"invites {room.User} to {room.Id}", () => side.SetMemberAsync(side.Speaker, room.Id, room.User, "invite")));
            return;
        }

        var known = own[_random.Next(own.Count)];
        var membership = await side.MemberAsync(known.User, known.Id) is "invite" or "join" ? "leave" : "invite";
        known.Note(await TryAsync($"sets {known.User} {membership} in {known.Id}", () => side.SetMemberAsync(side.Speaker, known.Id, known.User, membership)));
    }

    private async Task AnswerAsync()
    {
        foreach (var room in Notes.SideRooms.Where(r => r.Guest == side && !r.IsForKnocks))
        {
            if (await side.MembershipAsync(room.User, room.Id) != "invite")
                continue;
            var isYes = _random.Next(2) == 0;
            room.Note(await AwayAsync(room, $"{(isYes ? "accepts" : "declines")} {room.Id}", () =>
                isYes ? side.JoinAsync(room.User, room.Id, room.Owner.Server) : side.LeaveAsync(room.User, room.Id, room.Owner.Server)));
            return;
        }
    }

    private async Task KnockAsync()
    {
        var rooms = Notes.SideRooms.Where(r => r.IsForKnocks && (r.Guest == side || r.Owner == side)).ToList();
        if (rooms.Count == 0)
            return;
        var room = rooms[_random.Next(rooms.Count)];
        if (room.Owner == side)
        {
            if (await side.MemberAsync(room.User, room.Id) != "knock")
                return;
            var membership = _random.Next(2) == 0 ? "invite" : "leave";
            room.Note(await AwayAsync(room, $"answers the knock of {room.User} at {room.Id} by {membership}", () =>
                side.SetMemberAsync(side.Speaker, room.Id, room.User, membership)));
            return;
        }

        var now = await side.MembershipAsync(room.User, room.Id);
        if (now is "leave" or "knock")
        {
            room.Note(await AwayAsync(room, $"{(now == "leave" ? "knocks at" : "takes back its knock at")} {room.Id}", () => now == "leave"
                ? side.KnockAsync(room.User, room.Id, room.Owner.Server) : side.LeaveAsync(room.User, room.Id, room.Owner.Server)));
        }
    }

    /// <summary>What a server does for its user although the room's server was not reached is done for good on one side only.</summary>
    private async Task<Done> AwayAsync(SideRoom room, string what, Func<Task<Done>> act)
    {
        var (epoch, isWhole) = (course.Network.Epoch, course.Network.IsWhole);
        var done = await TryAsync(what, act);
        return isWhole && epoch == course.Network.Epoch ? done : Done.Unsure;
    }

    private Task LookAsync()
    {
        var other = Another;
        return DoAsync($"looks at {other.Server}", () => side.LookAsync(other, Room, _random.Next(side.Looks), _random));
    }
}
