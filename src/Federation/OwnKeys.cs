using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Federation;

/// <summary>A signing key of this server.</summary>
/// <param name="VerifyKey">Its public half.</param>
/// <param name="From">From when on it signs: milliseconds since the Unix epoch.</param>
/// <param name="Private">Null: it is not at hand, as it need not be once the next one signs.</param>
public sealed record OwnKey(VerifyKey VerifyKey, long From, SigningKey? Private);

/// <summary>
/// This server's signing keys: each signs until the next one does (ADR 0138). A key to come is published before it signs, a former one as expired since then
/// (S-S API, Publishing Keys).
/// </summary>
/// <param name="keys">By the times from which on they sign, at least one.</param>
public sealed class OwnKeys(IReadOnlyList<OwnKey> keys)
{
    /// <summary>A server that has had one key only.</summary>
    public OwnKeys(SigningKey key)
        : this([new OwnKey((key ?? throw new ArgumentNullException(nameof(key))).VerifyKey, 0, key)])
    {
    }

    /// <summary>The key to sign with at a time.</summary>
    /// <exception cref="InvalidOperationException">Its private half is not at hand.</exception>
    public SigningKey At(long now) =>
        keys[Current(now)].Private ?? throw new InvalidOperationException($"the signing key {keys[Current(now)].VerifyKey.KeyId} is not at hand");

    /// <summary>The keys to sign with at a time and later.</summary>
    public IReadOnlyCollection<SigningKey> InUse(long now) => [.. keys.Skip(Current(now)).Select(static k => k.Private).OfType<SigningKey>()];

    /// <summary>The former keys, each valid until the next one signed.</summary>
    public IReadOnlyCollection<ServerVerifyKey> Old(long now) => [.. Enumerable.Range(0, Current(now)).Select(Expired)];

    /// <summary>The key of that id, whether it still signs or not; null if it is none of this server's.</summary>
    public ServerVerifyKey? Find(string keyId, long now)
    {
        for (var i = keys.Count - 1; i >= 0; i--)
        {
            if (keys[i].VerifyKey.KeyId == keyId)
                return i < Current(now) ? Expired(i) : new ServerVerifyKey(keys[i].VerifyKey, long.MaxValue, IsOld: false);
        }

        return null;
    }

    private ServerVerifyKey Expired(int index) => new(keys[index].VerifyKey, keys[index + 1].From, IsOld: true);

    private int Current(long now)
    {
        var current = keys.Count - 1;
        while (current > 0 && keys[current].From > now)
            current--;
        return current;
    }
}
