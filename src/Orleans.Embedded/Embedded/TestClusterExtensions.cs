using Orleans.TestingHost;

namespace Orleans.Embedded;

/// <summary>What a test can do to a cluster that the official test cluster cannot.</summary>
public static class TestClusterExtensions
{
    /// <summary>
    /// Cuts a silo off from the others, as a network that partitions does: it goes on with its activations, and callers on
    /// it reach them, while the others forget them and make new ones. So a key can have two activations.
    /// </summary>
    public static void CutOffSilo(this InProcessTestCluster cluster, InProcessSiloHandle silo)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(silo);
        silo.Silo.CutOff();
    }

    /// <summary>The names of the silos on which a grain has an activation.</summary>
    public static IReadOnlyList<string> SilosOf(this InProcessTestCluster cluster, Orleans.Runtime.GrainId grainId) =>
        [.. cluster.Silos.Where(silo => silo.Silo.AllActivations().Any(a => a.GrainId == grainId)).Select(silo => silo.Name)];
}
