using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>What silos and their clients need to understand each other.</summary>
public static class ContractServices
{
    /// <summary>
    /// Lets faults of this server and of its databases arrive as what they are: Orleans passes only on the exceptions of namespaces that are named to it.
    /// </summary>
    public static IServiceCollection AddContracts(this IServiceCollection services) => services.Configure<ExceptionSerializationOptions>(static options =>
    {
        options.SupportedNamespacePrefixes.Add("OrleansMatrix");
        options.SupportedNamespacePrefixes.Add("Npgsql");
    });
}
