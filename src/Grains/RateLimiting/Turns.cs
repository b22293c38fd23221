namespace OrleansMatrix.Grains.RateLimiting;

/// <summary>
/// Places for work that costs much: so many in all, and so many for each owner, who waits for a place of his own before one of all, so that what one of them
/// wants does not stand before what others want. Thread-safe.
/// </summary>
/// <param name="total">Of all owners; 1 or more.</param>
/// <param name="share">Of one owner; 1 or more.</param>
public sealed class Turns(int total, int share) : IDisposable
{
    private readonly Dictionary<string, OfOwner> _owners = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(total, total);

    /// <summary>Waits for a place; <see cref="Leave"/> gives it back.</summary>
    public async ValueTask EnterAsync(string owner, CancellationToken cancellationToken)
    {
        var own = Find(owner);
        try
        {
            await own.Places.WaitAsync(cancellationToken);
        }
        catch
        {
            Forget(owner, own);
            throw;
        }

        try
        {
            await _places.WaitAsync(cancellationToken);
        }
        catch
        {
            own.Places.Release();
            Forget(owner, own);
            throw;
        }
    }

    /// <summary>Gives the place back.</summary>
    public void Leave(string owner)
    {
        _places.Release();
        OfOwner own;
        lock (_owners)
            own = _owners[owner];
        own.Places.Release();
        Forget(owner, own);
    }

    public void Dispose()
    {
        _places.Dispose();
        foreach (var own in _owners.Values)
            own.Places.Dispose();
    }

    private OfOwner Find(string owner)
    {
        lock (_owners)
        {
            if (!_owners.TryGetValue(owner, out var own))
                _owners[owner] = own = new OfOwner(share);
            own.Users++;
            return own;
        }
    }

    private void Forget(string owner, OfOwner own)
    {
        lock (_owners)
        {
            if (--own.Users > 0)
                return;
            _owners.Remove(owner);
        }

        own.Places.Dispose();
    }

    private sealed class OfOwner(int share)
    {
        public SemaphoreSlim Places { get; } = new(share, share);

        /// <summary>Work that waits for a place or has one.</summary>
        public int Users { get; set; }
    }
}
