using System.Collections.Concurrent;
using System.Security.Cryptography;
using OrleansMatrix.Grains.Abstractions.Account;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// The sessions of users who called lately, so that most requests are authenticated without asking the account (ADR 0080). The account has them forgotten when
/// it changes, and each is asked for anew after <see cref="Lifetime"/>, which also tells the account where and when its device was seen.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="remembers">False where accounts cannot reach it: nothing is remembered.</param>
public sealed class SessionCache(TimeProvider time, bool remembers = true) : ISessionCache
{
    /// <summary>The longest that a session is believed, should the account's word not reach this process.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private const int MaxUsers = 50_000;

    // A user who calls with more tokens than that is asked for more often.
    private const int MaxOfUser = 16;

    private readonly ConcurrentDictionary<string, Remembered[]> _users = new(StringComparer.Ordinal);
    private long _forgotten;

    /// <summary>To be taken before the account is asked, and given to <see cref="Put"/> with what it answered.</summary>
    public long Version => Volatile.Read(ref _forgotten);

    /// <summary>The session, if it is remembered as used from that address and client; null: ask the account.</summary>
    public Session? Find(string userId, ReadOnlySpan<byte> tokenHash, string address, string userAgent)
    {
        if (!_users.TryGetValue(userId, out var sessions))
            return null;
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var session in sessions)
        {
            if (CryptographicOperations.FixedTimeEquals(session.TokenHash.Span, tokenHash))
                return session.Until > now && session.Address == address && session.UserAgent == userAgent ? session.Session : null;
        }

        return null;
    }

    /// <summary>Remembers what the account answered, unless anything was forgotten since <paramref name="version"/>: it may have been this.</summary>
    public void Put(long version, string userId, ReadOnlyMemory<byte> tokenHash, string address, string userAgent, Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (!remembers)
            return;
        var until = (time.GetUtcNow() + Lifetime).ToUnixTimeMilliseconds();
        if (session.ExpiresAt is { } end)
            until = Math.Min(until, end);
        if (_users.Count >= MaxUsers)
            _users.Clear();
        var added = new Remembered(tokenHash, address, userAgent, session, until);
        _users.AddOrUpdate(
            userId,
            static (_, put) => [put],
            static (_, sessions, put) => [put, .. sessions.Where(old => !old.TokenHash.Span.SequenceEqual(put.TokenHash.Span)).Take(MaxOfUser - 1)],
            added);

        // Forget counts first and removes then: either it is seen here, or it removes what was put.
        if (Version != version)
            _users.TryRemove(userId, out _);
    }

    /// <inheritdoc/>
    public void Forget(string userId)
    {
        Interlocked.Increment(ref _forgotten);
        _users.TryRemove(userId, out _);
    }

    private sealed record Remembered(ReadOnlyMemory<byte> TokenHash, string Address, string UserAgent, Session Session, long Until);
}
