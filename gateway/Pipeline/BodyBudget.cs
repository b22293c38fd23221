using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// The memory for bodies of other servers' requests, from their first byte until they are dealt with. Nobody is known before the body is there, since the
/// signature covers it; so one address has a quarter of it at most.
/// </summary>
/// <param name="total">Bytes, see <see cref="FederationSettings.BodyMemoryBytes"/>.</param>
public sealed class BodyBudget(long total)
{
    private const int Shares = 4;

    /// <summary>When to try again what found no memory.</summary>
    public const long RetryAfterMs = 2000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _byAddress = new(StringComparer.Ordinal);

    /// <summary>Bytes that are taken.</summary>
    public long Used { get; private set; }

    /// <summary>Starts a body; dispose the answer when its memory is free again.</summary>
    public Lease Open(string address) => new(this, address);

    private bool TryTake(string address, long bytes)
    {
        lock (_lock)
        {
            var own = _byAddress.GetValueOrDefault(address) + bytes;
            if (Used + bytes > total || own > total / Shares)
                return false;
            Used += bytes;
            _byAddress[address] = own;
            return true;
        }
    }

    private void Return(string address, long bytes)
    {
        lock (_lock)
        {
            Used -= bytes;
            var own = _byAddress[address] -= bytes;
            if (own == 0)
                _byAddress.Remove(address);
        }
    }

    /// <summary>One body's part; used by one request.</summary>
    public sealed class Lease(BodyBudget budget, string address) : IDisposable
    {
        private long _bytes;

        /// <summary>Takes more memory; false if there is none.</summary>
        public bool TryGrow(long bytes)
        {
            if (!budget.TryTake(address, bytes))
                return false;
            _bytes += bytes;
            return true;
        }

        public void Dispose()
        {
            if (_bytes > 0)
                budget.Return(address, _bytes);
            _bytes = 0;
        }
    }
}
