using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What the users of a schedule did, as far as it was acknowledged: what has to hold in the end.</summary>
internal sealed class Notes
{
    private readonly ConcurrentQueue<string> _steps = new();
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>The messages of each speaker in the room, in order.</summary>
    public ConcurrentDictionary<string, ConcurrentQueue<string>> Messages { get; } = new(StringComparer.Ordinal);

    /// <summary>Messages that a speaker redacted.</summary>
    public ConcurrentDictionary<string, bool> Redacted { get; } = new(StringComparer.Ordinal);

    /// <summary>Numbers sent to devices, by sender and receiver, in order.</summary>
    public ConcurrentDictionary<(string From, string To), ConcurrentQueue<string>> Numbers { get; } = new();

    /// <summary>By user: the event that the last receipt was for.</summary>
    public ConcurrentDictionary<string, string> Receipts { get; } = new(StringComparer.Ordinal);

    /// <summary>By user: the last display name.</summary>
    public ConcurrentDictionary<string, string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>Rooms of one server into which users of others are invited, or may knock.</summary>
    public ConcurrentQueue<SideRoom> SideRooms { get; } = new();

    /// <summary>What was done, for who looks at a failure.</summary>
    public IEnumerable<string> Steps => _steps;

    public void Step(string what) =>
        _steps.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_started).TotalSeconds:0.0} s, {what}"));

    public static void Add<T>(ConcurrentDictionary<T, ConcurrentQueue<string>> lists, T key, string item)
        where T : notnull => lists.GetOrAdd(key, static _ => new ConcurrentQueue<string>()).Enqueue(item);
}

/// <summary>A room of one server.</summary>
/// <param name="Owner">Its speaker made the room.</param>
/// <param name="Guest">Whose other user is invited, or knocks.</param>
internal sealed record SideRoom(string Id, ISide Owner, ISide Guest, bool IsForKnocks)
{
    private int _isUnsure;

    /// <summary>The network was in between when something was done: each of the two may know something else of it for good.</summary>
    public bool IsUnsure => _isUnsure != 0;

    public string User => Guest.Other;

    public void Note(Done done)
    {
        if (done == Done.Unsure)
            Interlocked.Exchange(ref _isUnsure, 1);
    }
}
