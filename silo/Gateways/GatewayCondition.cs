using OrleansMatrix.Grains.Abstractions.RemoteServer;

namespace OrleansMatrix.Silo.Gateways;

/// <summary>A gateway is well if a silo answers it.</summary>
internal sealed class GatewayCondition(IGrainFactory grains) : ICondition
{
    public string? Membership => null;

    public async Task<string?> FaultAsync(CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IOwnKeysGrain>(IOwnKeysGrain.Key).PolicyKey().WaitAsync(cancellationToken);
            return null;
        }
        catch (Exception)
        {
            return "no silo answers";
        }
    }
}
