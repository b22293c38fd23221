namespace Orleans.Configuration;

/// <summary>The names of the cluster and of the service it runs.</summary>
public class ClusterOptions
{
    /// <summary>The cluster.</summary>
    public string ClusterId { get; set; } = "default";

    /// <summary>The service.</summary>
    public string ServiceId { get; set; } = "default";
}

/// <summary>Calls.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer before it gets a <see cref="TimeoutException"/>.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a call that timed out has its cancellation token signalled.</summary>
    public bool CancelRequestOnTimeout { get; set; } = true;
}

/// <summary>Calls between grains.</summary>
public class SiloMessagingOptions : MessagingOptions;

/// <summary>The lives of activations.</summary>
public class GrainCollectionOptions
{
    /// <summary>After how long without a call an activation is collected.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an activation may take to activate.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may take to deactivate.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Ages for single classes, by the full name of the class.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = [];
}

/// <summary>Where a silo is reached. The embedded engine listens nowhere.</summary>
public class EndpointOptions
{
    /// <summary>The address of the silo.</summary>
    public System.Net.IPAddress? AdvertisedIPAddress { get; set; }

    /// <summary>The port for other silos.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>The port for clients.</summary>
    public int GatewayPort { get; set; } = 30000;
}

/// <summary>One silo.</summary>
public class SiloOptions
{
    /// <summary>Its name.</summary>
    public string SiloName { get; set; } = "silo";
}
