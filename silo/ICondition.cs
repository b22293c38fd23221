using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo;

/// <summary>What a process needs in order to answer requests.</summary>
internal interface ICondition
{
    /// <summary>What is wrong with its place in the cluster; null: nothing.</summary>
    string? Membership { get; }

    /// <summary>Looks whether what it gets its data from answers; null, or what does not.</summary>
    Task<string?> FaultAsync(CancellationToken cancellationToken);
}

/// <summary>A silo has to be a member of its cluster, and its storage has to answer.</summary>
internal sealed class SiloCondition(IStorage storage, ISiloStatusOracle silo) : ICondition
{
    public string? Membership => silo.CurrentStatus == SiloStatus.Active ? null : "not in its cluster";

    public async Task<string?> FaultAsync(CancellationToken cancellationToken)
    {
        try
        {
            await storage.PingAsync(cancellationToken).WaitAsync(cancellationToken);
            return null;
        }
        catch (Exception)
        {
            return "storage does not answer";
        }
    }
}
