using System.Collections.Concurrent;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Tells users' presence that they do something, of each device once in a minute and gateway: whoever is idle is so after five. What is remembered only spares
/// calls.
/// </summary>
public sealed class Activity(IGrainFactory grains, TimeProvider time)
{
    private const int MaxRemembered = 20_000;
    private static readonly TimeSpan s_between = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<(string UserId, string DeviceId), DateTimeOffset> _told = new();

    /// <summary>The user did something just now.</summary>
    public void Note(Requester requester)
    {
        ArgumentNullException.ThrowIfNull(requester);
        var (key, now) = ((requester.UserId, requester.DeviceId), time.GetUtcNow());
        if (_told.TryGetValue(key, out var told) && now - told < s_between)
            return;
        if (_told.Count >= MaxRemembered)
            _told.Clear();
        _told[key] = now;

        // One-way: nobody waits for it, and one that is lost is made up for by the next.
        _ = grains.GetGrain<IPresenceGrain>(requester.UserId).Active(requester.DeviceId);
    }
}
