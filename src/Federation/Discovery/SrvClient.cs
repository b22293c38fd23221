using DnsClient;

namespace OrleansMatrix.Federation.Discovery;

/// <summary>SRV look-ups, which .NET itself does not have (System.Net.Dns knows addresses and names only), by DnsClient.</summary>
public sealed class SrvClient(LookupClientOptions options) : ISrvLookup
{
    private const int MaxRecords = 100;

    // Made at the first look-up: it reads the machine's network settings.
    private readonly Lazy<LookupClient> _client = new(() => new LookupClient(options));

    /// <summary>
    /// The system's name servers, each asked twice over UDP, then by TCP where the answer was cut. Answers are remembered as long as they allow, up to an hour.
    /// </summary>
    public static LookupClientOptions SystemOptions() => WithRules(new LookupClientOptions());

    /// <summary>Sets patience and memory, whatever the name servers.</summary>
    internal static LookupClientOptions WithRules(LookupClientOptions options)
    {
        options.Timeout = TimeSpan.FromSeconds(2);
        options.Retries = 1;
        options.UseTcpFallback = true;
        options.ThrowDnsErrors = false;
        options.MaximumCacheTimeout = TimeSpan.FromHours(1);
        options.CacheFailedResults = true;
        options.FailedResultsCacheDuration = TimeSpan.FromMinutes(1);

        // What passes every path in one piece (DNS flag day 2020).
        options.ExtendedDnsBufferSize = 1232;
        return options;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SrvRecord>> LookupAsync(string name, CancellationToken cancellationToken)
    {
        IDnsQueryResponse answer;
        try
        {
            answer = await _client.Value.QueryAsync(name, QueryType.SRV, QueryClass.IN, cancellationToken);
        }
        catch (Exception)
        {
            // No answer, none that can be read, or a name that DNS cannot hold. On bytes that somebody made up the library throws more than its own exceptions.
            cancellationToken.ThrowIfCancellationRequested();
            return [];
        }

        // The library compares the id of the answer only; the question must be ours too.
        if (answer.Questions is not [var question] || !IsName(question.QueryName, name) || question.QuestionType != QueryType.SRV)
            return [];

        // RFC 2782: a target of "." says that the service is decidedly not there.
        return
        [
            .. answer.Answers.OfType<DnsClient.Protocol.SrvRecord>().Where(static r => r.Target.Value is not ("." or "")).Take(MaxRecords)
                .Select(static r => new SrvRecord(r.Priority, r.Weight, r.Port, r.Target.Value.TrimEnd('.'))),
        ];
    }

    private static bool IsName(DnsString asked, string name) => string.Equals(asked.Value.TrimEnd('.'), name.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
}
