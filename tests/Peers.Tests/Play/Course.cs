using System.Globalization;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>One schedule: a room on the server under test and two servers by hand, cuts between them, and what has to hold once they are healed.</summary>
internal sealed class Course : IAsyncDisposable
{
    private static readonly Character[] s_characters = [Character.Honest, Character.Slow, Character.Old, Character.Sloppy, Character.Lying];
    private static readonly TimeSpan s_longestCut = TimeSpan.FromSeconds(1);

    private readonly List<PeerSide> _peers = [];
    private readonly Random _random;
    private readonly int _seed;

    private Course(int seed) => (_seed, _random) = (seed, new Random(seed));

    public Network Network { get; } = new();

    public Notes Notes { get; } = new();

    public required TestAuthority Authority { get; init; }

    public required PeerServer Notary { get; init; }

    public string Room { get; private set; } = "";

    /// <summary>The room versions that all of its servers know.</summary>
    public IReadOnlyList<string> Versions { get; private set; } = [];

    public LocalSide Local { get; private set; } = null!;

    public IReadOnlyList<PeerSide> Peers => _peers;

    public IReadOnlyList<ISide> Sides => [Local, .. _peers];

    public string Describe =>
        string.Create(CultureInfo.InvariantCulture, $"seed {_seed}, {string.Join(", ", _peers.Select(static p => $"{p.Server} is {p.Peer.Character}"))}");

    /// <param name="silo">The server under test.</param>
    /// <param name="authority">Whose certificates servers have.</param>
    /// <param name="notary">Whom the server under test asks for the keys of those whom it does not reach.</param>
    /// <param name="seed">What all choices follow from.</param>
    public static async Task<Course> StartAsync(SiloProcess silo, TestAuthority authority, PeerServer notary, int seed)
    {
        var course = new Course(seed) { Authority = authority, Notary = notary, Local = await LocalSide.StartAsync(silo.ServerName, silo.Http, seed) };
        foreach (var character in new[] { Character.Honest, s_characters[seed % s_characters.Length] })
            course._peers.Add(new PeerSide(await PeerServer.StartAsync(authority, silo.ServerName, course.Network, character, course._random.Next())));
        course.Versions = course._peers.Exists(static p => p.Peer.Character == Character.Old) ? ["6", "7", "8", "9"] : ["6", "7", "8", "9", "10", "11", "12"];
        return course;
    }

    /// <summary>What was asked of the server under test with success.</summary>
    public Operations Asked { get; } = new();

    /// <summary>What it asked others with success.</summary>
    public Operations Asks { get; } = new();

    /// <summary>Counts what a server did that is done.</summary>
    public void Count(PeerServer server)
    {
        Asked.Add(server.Called);
        Asks.Add(server.Served);
    }

    /// <summary>Plays it; an exception says what does not hold.</summary>
    public async Task RunAsync()
    {
        try
        {
            await OpenAsync();
            await new Occasions(this, _random).RunAsync(_seed);
            var phases = _random.Next(2, 5);
            var actors = Sides.Select(s => new Actor(this, s, _random.Next())).ToList();
            for (var phase = 0; phase < phases; phase++)
            {
                Disturb();
                var acting = Task.WhenAll(actors.Select(a => a.RunAsync(_random.Next(3, 9))).ToList());
                await Task.WhenAny(acting, Task.Delay(s_longestCut));
                Network.Heal();
                await acting;
                await Local.Sync.NextAsync();
            }

            await new Ending(this).CheckAsync();
            _peers.ForEach(p => Count(p.Peer));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{Describe}: {e.Message}\n{string.Join('\n', Notes.Steps)}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in _peers)
            await peer.Peer.DisposeAsync();
    }

    /// <summary>Everybody comes into the room, and there are rooms to knock at.</summary>
    private async Task OpenAsync()
    {
        var version = Versions[_random.Next(Versions.Count)];
        var honest = Sides.Where(static s => s.IsHonest).ToList();
        var founder = honest[_random.Next(honest.Count)];
        Room = await founder.CreateRoomAsync(version, "public", [.. honest.Select(static s => s.Speaker)]);
        Notes.Step($"{founder.Server} made {Room} of version {version}");
        foreach (var side in Sides)
        {
            foreach (var user in new[] { side.Speaker, side.Other }.Where(u => u != founder.Speaker))
            {
                // What a liar answers and asks may well fail.
                var done = await side.JoinAsync(user, Room, founder.Server);
                Assert.True(done == Done.Yes || !side.IsHonest, $"{user} does not come in: {done}, {(side as PeerSide)?.Peer.Refusal}");
            }
        }

        // Who does not know yet that another server is in the room sends it nothing.
        foreach (var (side, speaker) in honest.SelectMany(s => honest.Select(h => (s, h.Speaker))))
        {
            await Ending.UntilAsync("who is in the room", async () =>
                await side.MemberAsync(speaker, Room) == "join" ? null : $"{side.Server} does not know {speaker}");
        }

        foreach (var owner in honest)
        {
            var guest = Sides.Where(s => s != owner && s.IsHonest).OrderBy(_ => _random.Next()).First();
            var isOld = owner is PeerSide { Peer.Character: Character.Old };
            if (!isOld)
                Notes.SideRooms.Enqueue(new SideRoom(await owner.CreateRoomAsync(Versions[^1], "knock", [owner.Speaker]), owner, guest, true));
        }
    }

    /// <summary>Cuts some ways, each direction by itself.</summary>
    private void Disturb()
    {
        foreach (var from in Sides)
        {
            foreach (var to in Sides.Where(s => s != from))
            {
                if (_random.Next(3) == 0)
                    Network.Set(from.Server, to.Server, (Cut)_random.Next(1, 4));
            }
        }
    }
}
