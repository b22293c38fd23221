using Microsoft.Extensions.Hosting;

namespace Orleans.TestingHost;

/// <summary>A cluster of silos in this process.</summary>
public sealed class InProcessTestClusterOptions
{
    /// <summary>The cluster's name.</summary>
    public string ClusterId { get; set; } = "test";

    /// <summary>The service's name.</summary>
    public string ServiceId { get; set; } = "test";

    /// <summary>How many silos there are at first.</summary>
    public short InitialSilosCount { get; set; } = 1;

    /// <summary>Whether the client is made with the silos.</summary>
    public bool InitializeClientOnDeploy { get; set; } = true;

    /// <summary>What sets up each silo's host.</summary>
    public List<Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder>> SiloHostConfigurationDelegates { get; } = [];

    /// <summary>What sets up the client's host.</summary>
    public List<Action<IHostApplicationBuilder>> ClientHostConfigurationDelegates { get; } = [];
}

/// <summary>One silo of the cluster.</summary>
public sealed class InProcessTestSiloSpecificOptions
{
    /// <summary>Its name: Primary, Secondary_1, Secondary_2 and so on.</summary>
    public string SiloName { get; set; } = "";

    /// <summary>Not used: nothing listens.</summary>
    public int SiloPort { get; set; }

    /// <summary>Not used: nothing listens.</summary>
    public int GatewayPort { get; set; }
}
