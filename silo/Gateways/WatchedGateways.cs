using Orleans.Messaging;

namespace OrleansMatrix.Silo.Gateways;

/// <summary>The silos that clients may connect to, as Orleans reads them from the database every second; notes those that go.</summary>
internal sealed class WatchedGateways(IGatewayListProvider inner, LostSilos lost) : IGatewayListProvider
{
    private HashSet<Uri> _known = [];

    public TimeSpan MaxStaleness => inner.MaxStaleness;

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => inner.InitializeGatewayListProvider();

    public async Task<IList<Uri>> GetGateways()
    {
        var gateways = await inner.GetGateways();
        HashSet<Uri> now = [.. gateways];
        if (Interlocked.Exchange(ref _known, now).Any(silo => !now.Contains(silo)))
            lost.Note();
        return gateways;
    }
}
