using System.Diagnostics;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What has to hold once the network is whole and everything has arrived.</summary>
internal sealed class Ending(Course course)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_betweenLooks = TimeSpan.FromMilliseconds(50);

    private IEnumerable<ISide> Honest => course.Sides.Where(static s => s.IsHonest);

    public async Task CheckAsync()
    {
        // A server that hears of another tries again to reach it.
        foreach (var peer in course.Peers)
            (await peer.Peer.AskAsync(course.Local.Server, "GET", "/_matrix/federation/v1/version")).Ok();
        await UntilAsync("what was sent is taken", () => Task.FromResult(
            course.Peers.Where(static p => !p.Peer.Outbox.IsEmpty || !p.Peer.Inbound.IsEmpty).Select(static p => $"{p.Server} is not done").FirstOrDefault()));

        // Where ends of the history are known on one side only, the next message of each brings them together.
        foreach (var side in Honest)
        {
            var last = await side.SayAsync(side.Speaker, course.Room, "and then");
            Assert.NotNull(last);
            Notes.Add(course.Notes.Messages, side.Speaker, last);
            await UntilAsync($"the last message of {side.Server}", () => EverywhereAsync(last));
        }

        await UntilAsync("one state", SameStateAsync);
        await UntilAsync("all messages", MessagesAsync);
        await UntilAsync("memberships", MembershipsAsync);
        await UntilAsync("numbers to devices", NumbersAsync);
        await UntilAsync("receipts", ReceiptsAsync);
        await UntilAsync("names", NamesAsync);
        await UntilAsync("devices", DevicesAsync);
        foreach (var peer in course.Peers.Where(static p => p.IsHonest))
            Assert.Empty(peer.Peer.Outbox.Refused);
        if (course.Sides.All(static s => s.IsHonest))
            Assert.Empty(course.Peers.SelectMany(static p => p.Peer.Inbound.Faults));
        Assert.Equal(course.Local.Sync.Events.Distinct().Count(), course.Local.Sync.Events.Count);
    }

    /// <summary>Looks again and again until nothing is lacking.</summary>
    public static async Task UntilAsync(string what, Func<Task<string?>> lacks)
    {
        for (var started = Stopwatch.GetTimestamp(); await lacks() is { } lack;)
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < s_patience, $"{what}: {lack}");
            await Task.Delay(s_betweenLooks);
        }
    }

    private async Task<string?> EverywhereAsync(string eventId)
    {
        foreach (var side in Honest)
        {
            if (!(await side.MessagesAsync(course.Room, onlyNewest: true)).Exists(m => m.Id == eventId))
                return $"{eventId} is not at {side.Server}";
        }

        return null;
    }

    private async Task<string?> SameStateAsync()
    {
        var first = await course.Local.StateAsync(course.Room);
        foreach (var side in course.Peers.Where(static p => p.IsHonest))
        {
            var other = await side.StateAsync(course.Room);
            var differences = first.Keys.Union(other.Keys).Where(k => first.GetValueOrDefault(k) != other.GetValueOrDefault(k))
                .Select(k => $"{k}: {first.GetValueOrDefault(k)} here, {other.GetValueOrDefault(k)} there").ToList();
            if (differences.Count > 0)
                return $"{side.Server}: {string.Join("; ", differences)}";
        }

        return null;
    }

    private async Task<string?> MessagesAsync()
    {
        foreach (var side in Honest)
        {
            var seen = await side.MessagesAsync(course.Room);
            var whole = seen.GroupBy(static m => m.Id).ToDictionary(static g => g.Key, static g => (Times: g.Count(), g.First().IsWhole));
            var order = seen.Select(static m => m.Id).ToList();
            foreach (var (speaker, messages) in course.Notes.Messages.Where(m => Honest.Any(h => h.Speaker == m.Key)))
            {
                if (messages.FirstOrDefault(id => !whole.ContainsKey(id) || whole[id].Times != 1) is { } wrong)
                    return $"{side.Server} has {wrong} of {speaker} {(whole.TryGetValue(wrong, out var found) ? found.Times : 0)} times";

                // Where a server says of a gap that nothing is in it, what is in it comes as news when it comes.
                if (!course.Peers.Any(static p => p.Peer.Character == Character.Sloppy) && !messages.SequenceEqual(order.Where(messages.Contains)))
                    return $"{side.Server} has the messages of {speaker} in another order";
            }

            if (side is PeerSide { Peer.Character: Character.Sloppy })
                continue;
            if (course.Notes.Redacted.Keys.FirstOrDefault(id => whole.TryGetValue(id, out var found) && found.IsWhole) is { } kept)
                return $"{side.Server} still shows {kept}, which was redacted";
        }

        return null;
    }

    private async Task<string?> MembershipsAsync()
    {
        foreach (var room in course.Notes.SideRooms.Where(static r => !r.IsUnsure && r.Owner.IsHonest && r.Guest.IsHonest))
        {
            var (there, here) = (await room.Owner.MemberAsync(room.User, room.Id), await room.Guest.MembershipAsync(room.User, room.Id));
            if (there == "ban" ? here != "leave" : there != here)
                return $"{room.User} is {there} in {room.Id} and told {here}";
        }

        return null;
    }

    private async Task<string?> NumbersAsync()
    {
        foreach (var side in Honest)
        {
            var arrived = await side.ArrivedAsync();
            foreach (var ((from, to), numbers) in course.Notes.Numbers.Where(n => n.Key.To == side.Speaker && Honest.Any(h => h.Speaker == n.Key.From)))
            {
                var got = arrived.Where(a => a.Sender == from).Select(static a => a.Number).ToList();
                if (!numbers.SequenceEqual(got))
                    return $"{from} sent {string.Join(' ', numbers)} to {to}, who got {string.Join(' ', got)}";
            }
        }

        return null;
    }

    private async Task<string?> ReceiptsAsync()
    {
        foreach (var (user, eventId) in course.Notes.Receipts)
        {
            foreach (var side in Honest.Where(s => s.Speaker != user && Honest.Any(h => h.Speaker == user)))
            {
                if (await side.ReceiptOfAsync(course.Room, user) is var seen && seen != eventId)
                    return $"{user} has read {eventId}, {side.Server} says {seen}";
            }
        }

        return null;
    }

    private async Task<string?> NamesAsync()
    {
        foreach (var (user, name) in course.Notes.Names)
        {
            foreach (var side in Honest.Where(s => s.Speaker != user && Honest.Any(h => h.Speaker == user)))
            {
                if (await side.NameOfAsync(user) is var seen && seen != name)
                    return $"{user} is called {name}, {side.Server} says {seen}";
            }
        }

        return null;
    }

    private async Task<string?> DevicesAsync()
    {
        foreach (var owner in Honest)
        {
            var own = await owner.DevicesOfAsync(owner.Speaker);
            foreach (var side in Honest.Where(s => s != owner))
            {
                if (await side.DevicesOfAsync(owner.Speaker) is var seen && seen != own)
                    return $"{owner.Speaker} has {own}, {side.Server} says {seen}";
            }
        }

        return null;
    }
}
