using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Grains.Room.Reading;

/// <summary>
/// The making of answers that may be large (syncs, pages, states): what they hold is counted by user, and beyond what people ask for in daily use they take
/// turns, so that the others are not kept waiting (ADR 0118). One per silo, thread-safe.
/// </summary>
public sealed class LargeAnswers : IDisposable
{
    private const long LeastBytes = 16L * 1024 * 1024, MemoryOfOne = 256L * 1024 * 1024;
    private readonly Dictionary<string, OfUser> _users = new(StringComparer.Ordinal);
    private readonly ShareBudget _memory;
    private readonly SemaphoreSlim _places;

    /// <summary>As many turns at once as the memory allows, but not more than processors.</summary>
    public LargeAnswers(MatrixSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var places = (int)Math.Clamp(settings.MemoryLimitBytes / MemoryOfOne, 1, Math.Max(2, Environment.ProcessorCount));
        _places = new SemaphoreSlim(places, places);
        _memory = ShareBudget.Quarters(Math.Max(settings.MemoryLimitBytes / 16, LeastBytes), firstIsFree: true);
    }

    /// <summary>Begins an answer to a user; dispose it when it is made.</summary>
    public LargeAnswer Open(string userId) => new(this, userId, _memory.Open(userId));

    public void Dispose()
    {
        _places.Dispose();
        foreach (var user in _users.Values)
            user.Place.Dispose();
    }

    /// <summary>Waits for the user's one place, then for one of all.</summary>
    internal async ValueTask EnterAsync(string userId, CancellationToken cancellationToken)
    {
        var user = Find(userId);
        try
        {
            await user.Place.WaitAsync(cancellationToken);
        }
        catch
        {
            Forget(userId, user);
            throw;
        }

        try
        {
            await _places.WaitAsync(cancellationToken);
        }
        catch
        {
            user.Place.Release();
            Forget(userId, user);
            throw;
        }
    }

    /// <summary>Gives both back.</summary>
    internal void Leave(string userId)
    {
        _places.Release();
        OfUser user;
        lock (_users)
            user = _users[userId];
        user.Place.Release();
        Forget(userId, user);
    }

    private OfUser Find(string userId)
    {
        lock (_users)
        {
            if (!_users.TryGetValue(userId, out var user))
                _users[userId] = user = new OfUser();
            user.Users++;
            return user;
        }
    }

    private void Forget(string userId, OfUser user)
    {
        lock (_users)
        {
            if (--user.Users > 0)
                return;
            _users.Remove(userId);
        }

        user.Place.Dispose();
    }

    private sealed class OfUser
    {
        /// <summary>One answer at a time has it.</summary>
        public SemaphoreSlim Place { get; } = new(1, 1);

        /// <summary>Answers that wait for the place or have it.</summary>
        public int Users { get; set; }
    }
}
