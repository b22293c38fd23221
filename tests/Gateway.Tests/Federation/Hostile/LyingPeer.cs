using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>A server that has rooms, and answers honestly but to one operation.</summary>
internal sealed class LyingPeer : IAsyncDisposable
{
    private static readonly string[] s_methods = ["GET", "PUT", "POST"];
    private readonly Dictionary<string, PeerAnswers> _rooms = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private PeersRoom _room = null!;
    private int _made;

    private LyingPeer(Peer peer)
    {
        Peer = peer;
        NewRoom();
        peer.Off("PUT /_matrix/federation/v1/send/");
        foreach (var method in s_methods)
            peer.On(method + " /_matrix/federation/", Answer);
        peer.On("POST /_matrix/policy/", Answer);
    }

    public Peer Peer { get; }

    /// <summary>What is in the path of the operation that is answered with lies.</summary>
    public string Operation { get; set; } = "";

    /// <summary>Makes of the honest answer the one that is given.</summary>
    public Func<Answer, Answer> Lie { get; set; } = static honest => honest;

    /// <summary>What is in the paths that this server does not know.</summary>
    public IReadOnlyList<string> Unknown { get; set; } = [];

    /// <summary>How often it was asked for the operation.</summary>
    public int Times { get; private set; }

    public static async Task<LyingPeer> StartAsync() => new(await Peer.StartAsync());

    /// <summary>A room that nobody else knows yet.</summary>
    public PeersRoom NewRoom(string joinRule = "public", bool omitsMembers = false)
    {
        lock (_gate)
        {
            _room = new PeersRoom(Peer, $"room{++_made}", joinRule);
            _rooms[_room.Room.RoomId] = new PeerAnswers(_room) { OmitsMembers = omitsMembers };
            return _room;
        }
    }

    /// <summary>A name that was not there before.</summary>
    public string Fresh() => $"fresh{Interlocked.Increment(ref _made)}";

    public ValueTask DisposeAsync() => Peer.DisposeAsync();

    /// <summary>Until this is set the operation is not answered; null: at once.</summary>
    public ManualResetEventSlim? Hold { get; set; }

    private Answer Answer(PeerRequest request)
    {
        var (answer, isOperation) = AnswerNow(request);
        if (isOperation)
            Hold?.Wait();
        return answer;
    }

    private (Answer Answer, bool IsOperation) AnswerNow(PeerRequest request)
    {
        lock (_gate)
        {
            if (Unknown.Any(u => request.Line.Contains(u, StringComparison.Ordinal)))
                return (new Answer(404, """{"errcode":"M_UNRECOGNIZED","error":"?"}"""), false);
            var named = request.Line.Split('/').FirstOrDefault(_rooms.ContainsKey);
            var honest = _rooms[named ?? _room.Room.RoomId].To(request) ?? new Answer(404, """{"errcode":"M_UNRECOGNIZED","error":"?"}""");
            if (Operation.Length == 0 || !request.Line.Contains(Operation, StringComparison.Ordinal))
                return (honest, false);
            Times++;
            return (Lie(honest), true);
        }
    }
}
