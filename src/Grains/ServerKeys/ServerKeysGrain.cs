using Orleans.Concurrency;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;
using Keys = OrleansMatrix.Protocol.Signing.ServerKeys;

namespace OrleansMatrix.Grains.ServerKeys;

/// <summary>
/// A remote server's signing keys, as it published them and as storage remembers them; where it cannot be reached, or does not have a key any more, as trusted
/// notaries tell them (S-S API, Retrieving server keys).
/// </summary>
/// <remarks>
/// It needs no fence (ADR 0004): of two activations each stores what the server has published, and storage keeps what was fetched last, and of lists the one
/// that is valid longest.
/// </remarks>
[Reentrant]
[GrainType("serverkeys")]
public sealed class ServerKeysGrain(IStorage storage, FederationClient client, MatrixSettings settings, TimeProvider time) : Grain, IServerKeysGrain
{
    private const int MaxBytes = 64 * 1024;
    private const int MaxLists = 20;
    private const int MaxAskedForOthers = 6;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_firstBackoff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestBackoff = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_betweenFetches = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, ServerKeyRow> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ReadOnlyMemory<byte> Json, long ValidUntil)> _lists = new(StringComparer.Ordinal);
    private readonly Queue<long> _askedForOthers = new();
    private long _retryAt;
    private int _failures;
    private Task? _fetch;

    private string Server => this.GetPrimaryKeyString();

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        foreach (var row in await storage.Servers.KeysAsync(Server, cancellationToken))
            _keys[row.KeyId] = row;
        foreach (var (keyId, json, validUntil) in await storage.Servers.KeyListsAsync(Server, cancellationToken))
            _lists[keyId] = (json, validUntil);
    }

    public async Task<PublishedKey?> Find(string keyId, long neededAt)
    {
        // A time in the future is somebody's claim: no key can be known to be valid then.
        var at = Math.Min(neededAt, Now);
        if (!_keys.TryGetValue(keyId, out var known) || (!known.IsOld && known.ValidUntil < at))
            await RefreshAsync(keyId, at);
        return _keys.TryGetValue(keyId, out known) ? new PublishedKey(known.KeyId, known.PublicKey, known.ValidUntil, known.IsOld) : null;
    }

    public async Task<ReadOnlyMemory<byte>> Published(string? keyId, long validUntil)
    {
        if (Newest(keyId) is not { } list || list.ValidUntil < validUntil)
            await RefreshAsync(keyId, validUntil, MayAskForOthers());
        return (Newest(keyId) ?? Newest(null))?.Json ?? default;
    }

    private (ReadOnlyMemory<byte> Json, long ValidUntil)? Newest(string? keyId)
    {
        if (keyId is not null)
            return _lists.TryGetValue(keyId, out var list) ? list : null;
        return _lists.Count == 0 ? null : _lists.Values.MaxBy(static l => l.ValidUntil);
    }

    // Who asks a notary wants to know what the server says now; but nobody can have it asked without end.
    private bool MayAskForOthers()
    {
        while (_askedForOthers.TryPeek(out var first) && Now - first >= (long)s_betweenFetches.TotalMilliseconds)
            _askedForOthers.Dequeue();
        if (_askedForOthers.Count == MaxAskedForOthers)
            return false;
        _askedForOthers.Enqueue(Now);
        return true;
    }

    private async Task RefreshAsync(string? keyId, long validUntil, bool atOnce = false)
    {
        var fetch = _fetch;
        if (fetch is null)
        {
            if ((Now < _retryAt && !atOnce) || !ServerName.TryParse(Server, out var name))
                return;
            _fetch = fetch = FetchAsync(name, keyId, validUntil);
        }

        try
        {
            await fetch;
        }
        finally
        {
            if (_fetch == fetch)
                _fetch = null;
        }
    }

    private async Task FetchAsync(ServerName name, string? keyId, long validUntil)
    {
        var found = await AskAsync(name) is { } published && await TakeAsync(published, fromNotary: false);
        if (!found || (keyId is not null && !_keys.ContainsKey(keyId)))
            found |= await AskNotariesAsync(keyId, validUntil);
        if (found)
        {
            _failures = 0;
            _retryAt = Now + (long)s_betweenFetches.TotalMilliseconds;
            return;
        }

        _retryAt = Now + (long)Backoff.After(++_failures, s_firstBackoff, s_longestBackoff).TotalMilliseconds;
    }

    private async Task<bool> TakeAsync(Keys keys, bool fromNotary)
    {
        var unit = new WriteUnit();
        foreach (var (keyId, key) in keys.Keys)
        {
            // What a notary remembers may be older than what the server itself has said.
            if (fromNotary && _keys.TryGetValue(keyId, out var known) && (known.IsOld || known.ValidUntil >= key.ValidUntilTs))
                continue;
            var row = new ServerKeyRow(Server, keyId, key.Key.PublicKey.ToArray(), key.ValidUntilTs, key.IsOld, Now);
            storage.Servers.PutKey(unit, row);
            _keys[keyId] = row;
        }

        KeepList(unit, keys);
        await storage.CommitAsync(unit);
        return true;
    }

    // The newest list for each key: a server that has lost a key, or whose name somebody else has now, makes no notary forget what it said before.
    private void KeepList(WriteUnit unit, Keys keys)
    {
        foreach (var keyId in keys.Keys.Keys)
        {
            if (_lists.TryGetValue(keyId, out var known) && known.ValidUntil >= keys.ValidUntilTs)
                continue;
            _lists[keyId] = (keys.Json, keys.ValidUntilTs);
            storage.Servers.PutKeyList(unit, Server, keyId, keys.Json, keys.ValidUntilTs);
        }

        while (_lists.Count > MaxLists)
        {
            var oldest = _lists.MinBy(static l => l.Value.ValidUntil).Key;
            _lists.Remove(oldest);
            storage.Servers.DeleteKeyList(unit, Server, oldest);
        }
    }

    private async Task<bool> AskNotariesAsync(string? keyId, long validUntil)
    {
        foreach (var notary in settings.Federation.TrustedKeyServers)
        {
            if (notary == Server || notary == settings.ServerName.Value)
                continue;
            var json = await GrainFactory.GetGrain<INotaryGrain>(notary).Query(Server, keyId, validUntil);
            if (!json.IsEmpty && Keys.Parse(json.Span, Now).TryGet(out var keys, out _) && keys.ServerName.Value == Server &&
                await TakeAsync(keys, fromNotary: true) &&
                (keyId is null || _keys.ContainsKey(keyId)))
                return true;
        }

        return false;
    }

    private async Task<Keys?> AskAsync(ServerName name)
    {
        try
        {
            var answer = await client.SendAsync(name, HttpMethod.Get, "/_matrix/key/v2/server", default, s_patience, MaxBytes, sign: false);
            return answer.IsSuccess && Keys.Parse(answer.Body.Span, Now).TryGet(out var keys, out _) && keys.ServerName.Value == name.Value ? keys : null;
        }
        catch (ServerUnreachableException)
        {
            return null;
        }
    }
}
