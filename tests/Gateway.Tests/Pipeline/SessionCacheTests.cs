using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>Sessions that a gateway remembers (ADR 0080).</summary>
public sealed class SessionCacheTests
{
    private const string User = "@alice:local";
    private static readonly ReadOnlyMemory<byte> s_hash = AccessToken.Hash("om_token");
    private readonly TestClock _clock = new();
    private readonly SessionCache _cache;

    public SessionCacheTests() => _cache = new SessionCache(_clock);

    [Fact]
    public void A_session_is_remembered_for_its_token_and_where_it_was_used()
    {
        Assert.Null(Find());
        var session = Put();
        Assert.Same(session, Find());
        Assert.Null(_cache.Find(User, AccessToken.Hash("om_other").Span, "::1", "client"));
        Assert.Null(_cache.Find("@bob:local", s_hash.Span, "::1", "client"));
        Assert.Null(_cache.Find(User, s_hash.Span, "::2", "client"));
        Assert.Null(_cache.Find(User, s_hash.Span, "::1", "other client"));
    }

    [Fact]
    public void It_is_asked_for_again_after_a_minute_and_when_its_token_ends()
    {
        Put();
        _clock.Advance(SessionCache.Lifetime - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(Find());
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(Find());

        Put(expiresAt: _clock.GetUtcNow().AddSeconds(2).ToUnixTimeMilliseconds());
        _clock.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.NotNull(Find());
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(Find());
    }

    [Fact]
    public void What_is_forgotten_while_the_account_answers_is_not_remembered()
    {
        var version = _cache.Version;
        _cache.Forget(User);
        _cache.Put(version, User, s_hash, "::1", "client", NewSession(null));
        Assert.Null(Find());

        Put();
        _cache.Forget(User);
        Assert.Null(Find());
    }

    [Fact]
    public void A_user_of_many_tokens_keeps_the_latest()
    {
        for (var i = 0; i < 40; i++)
            _cache.Put(_cache.Version, User, AccessToken.Hash($"om_{i}"), "::1", "client", NewSession(null));
        Assert.NotNull(_cache.Find(User, AccessToken.Hash("om_39").Span, "::1", "client"));
        Assert.Null(_cache.Find(User, AccessToken.Hash("om_0").Span, "::1", "client"));
    }

    private Session? Find() => _cache.Find(User, s_hash.Span, "::1", "client");

    private Session Put(long? expiresAt = null)
    {
        var session = NewSession(expiresAt);
        _cache.Put(_cache.Version, User, s_hash, "::1", "client", session);
        return session;
    }

    private static Session NewSession(long? expiresAt) => new(new Requester(UserId.Parse(User), "PHONE"), Locked: false, expiresAt);
}
