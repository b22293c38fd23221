namespace OrleansMatrix.Federation.Discovery;

/// <summary>An SRV record (RFC 2782).</summary>
/// <param name="Target">Host name without the final dot.</param>
public sealed record SrvRecord(int Priority, int Weight, int Port, string Target);

/// <summary>Looks up SRV records.</summary>
public interface ISrvLookup
{
    /// <summary>The records of a name, none if there are none or the look-up failed.</summary>
    Task<IReadOnlyList<SrvRecord>> LookupAsync(string name, CancellationToken cancellationToken);
}
