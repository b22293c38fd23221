using System.Collections.Concurrent;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Federation.Discovery;

/// <summary>
/// Turns a server name into addresses to try (S-S API, Resolving server names), remembering what <c>.well-known</c> said for as long as its rules allow.
/// What is remembered is bounded and can be lost at any time.
/// </summary>
public sealed class ServerResolver(IWellKnownClient wellKnown, ISrvLookup srv, IRandom random, TimeProvider time)
{
    private const int MaxRemembered = 10_000;
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(24), MaxLifetime = TimeSpan.FromHours(48), MinLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstErrorLifetime = TimeSpan.FromMinutes(1), MaxErrorLifetime = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Remembered> _remembered = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The addresses to try, in order; none where SRV records name only port 0, which cannot be connected to.</summary>
    public async Task<IReadOnlyList<ServerAddress>> ResolveAsync(ServerName name, CancellationToken cancellationToken)
    {
        if (ServerAddress.Direct(name, "1", "2") is { } direct)
            return [direct];
        var host = name.Host.ToString();
        if (await DelegatedAsync(host, cancellationToken) is not { } delegated)
            return await BySrvAsync(host, "4", "5", "6", cancellationToken);
        if (ServerAddress.Direct(delegated, "3.1", "3.2") is { } delegatedDirect)
            return [delegatedDirect];
        return await BySrvAsync(delegated.Host.ToString(), "3.3", "3.4", "3.5", cancellationToken);
    }

    private async Task<ServerName?> DelegatedAsync(string host, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_remembered.TryGetValue(host, out var known) && known.Until > now)
            return known.Delegated;
        var answer = await wellKnown.FetchAsync(host, cancellationToken);
        var failures = answer.Delegated is null ? (known?.Failures ?? 0) + 1 : 0;
        if (_remembered.Count >= MaxRemembered)
            Trim(now);
        _remembered[host] = new Remembered(answer.Delegated, now + Lifetime(answer, failures), failures);
        return answer.Delegated;
    }

    private static TimeSpan Lifetime(WellKnownAnswer answer, int failures)
    {
        if (answer.Delegated is null)
            return Backoff.After(failures, FirstErrorLifetime, MaxErrorLifetime);
        var lifetime = answer.Lifetime ?? DefaultLifetime;
        return lifetime > MaxLifetime ? MaxLifetime : lifetime < MinLifetime ? MinLifetime : lifetime;
    }

    private void Trim(DateTimeOffset now)
    {
        foreach (var (host, known) in _remembered)
        {
            if (known.Until <= now || _remembered.Count >= MaxRemembered)
                _remembered.TryRemove(host, out _);
        }
    }

    private async Task<IReadOnlyList<ServerAddress>> BySrvAsync(
        string host, string step, string deprecatedStep, string fallbackStep, CancellationToken cancellationToken)
    {
        foreach (var (service, by) in new[] { ("_matrix-fed._tcp.", step), ("_matrix._tcp.", deprecatedStep) })
        {
            var records = await srv.LookupAsync(service + host, cancellationToken);
            if (records.Count > 0)
                return [.. Ordered(records).Select(r => new ServerAddress(r.Target, r.Port, host, host, by))];
        }
        return [new ServerAddress(host, ServerAddress.DefaultPort, host, host, fallbackStep)];
    }

    /// <summary>By priority, within it at random by weight (RFC 2782, Weight).</summary>
    private IEnumerable<SrvRecord> Ordered(IReadOnlyList<SrvRecord> records)
    {
        foreach (var group in records.Where(r => r.Port > 0).GroupBy(r => r.Priority).OrderBy(g => g.Key))
        {
            var left = group.OrderBy(r => r.Weight).ToList();
            while (left.Count > 0)
            {
                var at = Pick(left.Sum(r => r.Weight));
                var chosen = 0;
                for (var sum = left[0].Weight; sum < at; sum += left[chosen].Weight)
                    chosen++;
                yield return left[chosen];
                left.RemoveAt(chosen);
            }
        }
    }

    private int Pick(int max)
    {
        Span<byte> bytes = stackalloc byte[4];
        random.Fill(bytes);
        return (int)(BitConverter.ToUInt32(bytes) % ((uint)max + 1));
    }

    private sealed record Remembered(ServerName? Delegated, DateTimeOffset Until, int Failures);
}
