namespace OrleansMatrix.Grains.Abstractions;

/// <summary>How much of one kind of thing requests may hold while they are under way, together and those of one owner.</summary>
/// <param name="total">Of all owners.</param>
/// <param name="share">Of one owner.</param>
/// <param name="firstIsFree">Who holds nothing may take more than a share, and where nobody holds anything more than the total.</param>
public sealed class ShareBudget(long total, long share, bool firstIsFree = false)
{
    /// <summary>When to try again what found no memory.</summary>
    public const long RetryAfterMs = 2000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _byOwner = new(StringComparer.Ordinal);

    /// <summary>What is taken.</summary>
    public long Used { get; private set; }

    /// <summary>Starts a part that has nothing yet; dispose it when what it takes is free again.</summary>
    /// <param name="owner">A user, or the network of somebody unknown.</param>
    public Lease Open(string owner) => new(this, owner);

    /// <summary>One of which an owner has a quarter.</summary>
    public static ShareBudget Quarters(long total, bool firstIsFree = false) => new(total, total / 4, firstIsFree);

    private bool TryTake(string owner, long bytes)
    {
        lock (_lock)
        {
            var own = _byOwner.GetValueOrDefault(owner);
            if ((Used + bytes > total && !(firstIsFree && Used == 0)) || (own + bytes > share && !(firstIsFree && own == 0)))
                return false;
            Used += bytes;
            _byOwner[owner] = own + bytes;
            return true;
        }
    }

    private void Return(string owner, long bytes)
    {
        lock (_lock)
        {
            Used -= bytes;
            var own = _byOwner[owner] -= bytes;
            if (own == 0)
                _byOwner.Remove(owner);
        }
    }

    /// <summary>One request's part; used by it alone.</summary>
    public sealed class Lease(ShareBudget budget, string owner) : IDisposable
    {
        private long _bytes;

        /// <summary>Takes more; false if there is no more.</summary>
        public bool TryGrow(long bytes)
        {
            if (!budget.TryTake(owner, bytes))
                return false;
            _bytes += bytes;
            return true;
        }

        public void Dispose()
        {
            if (_bytes > 0)
                budget.Return(owner, _bytes);
            _bytes = 0;
        }
    }
}
