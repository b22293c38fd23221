using System.Collections.Concurrent;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>
/// Servers that are not to be tried for now, as far as this silo was told. What is queued for one of them lies in storage until its grain tries again, so the
/// grain need not be told of each thing: a room with ten thousand dead servers would have ten thousand calls for each message. One per silo, thread-safe;
/// forgotten at any time.
/// </summary>
public sealed class AwayServers(TimeProvider time)
{
    /// <summary>
    /// The longest time for which a grain is not told: it may have heard of its server meanwhile by way of another silo, and emptied the queue before something
    /// was put in it here.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    // The grain looks from time to time how long its queue is.
    private const int MostWithheld = 99;

    private readonly ConcurrentDictionary<string, Away> _servers = new(StringComparer.Ordinal);

    /// <summary>True if the server's grain need not be told that something was queued. It is told later, see <see cref="TakeOwed"/>.</summary>
    public bool Withholds(string server)
    {
        if (!_servers.TryGetValue(server, out var away))
            return false;
        lock (away)
        {
            if (away.IsOver || away.Until <= time.GetTimestamp() || away.Withheld == MostWithheld)
            {
                away.Withheld = 0;
                return false;
            }

            away.Withheld++;
            return true;
        }
    }

    /// <summary>The server's grain has said for how long it will not try.</summary>
    public void Set(string server, TimeSpan left)
    {
        var wait = left < Longest ? left : Longest;
        var away = new Away { Until = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency) };
        _servers.AddOrUpdate(server, away, (_, known) => Owed(known) ? new Away { Until = away.Until, Withheld = 1 } : away);
    }

    /// <summary>The server's grain is about to try, and reads its queue then.</summary>
    public void Forget(string server)
    {
        if (_servers.TryRemove(server, out var away))
        {
            lock (away)
                away.IsOver = true;
        }
    }

    /// <summary>The servers whose time is over, and whose grains were not told of something meanwhile. They are forgotten.</summary>
    public IReadOnlyCollection<string> TakeOwed()
    {
        var now = time.GetTimestamp();
        var owed = new List<string>();
        foreach (var (server, away) in _servers)
        {
            if (away.Until <= now && _servers.TryRemove(new KeyValuePair<string, Away>(server, away)) && Owed(away))
                owed.Add(server);
        }

        return owed;
    }

    /// <summary>Whether something was withheld; nothing is from here on.</summary>
    private static bool Owed(Away away)
    {
        lock (away)
        {
            away.IsOver = true;
            return away.Withheld > 0;
        }
    }

    private sealed class Away
    {
        public required long Until { get; init; }

        public int Withheld { get; set; }

        /// <summary>It is no longer among the servers: who found it before must not count on it.</summary>
        public bool IsOver { get; set; }
    }
}
