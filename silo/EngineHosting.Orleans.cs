using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Silo;

/// <summary>
/// Hosts the grains on Microsoft Orleans. With a PostgreSQL database, silos find each other and keep reminders in it (its Orleans tables are made by the
/// scripts that come with the Orleans packages); without, this is a cluster of one.
/// </summary>
internal static class EngineHosting
{
    private const string Invariant = "Npgsql";

    public static void Add(WebApplicationBuilder builder, MatrixSettings settings) => builder.UseOrleans(silo =>
    {
        if (settings.Database.Length == 0)
        {
            silo.UseLocalhostClustering();
            silo.UseInMemoryReminderService();
            return;
        }

        // One cluster per homeserver: silos of another server name on the same database are another service.
        silo.Configure<ClusterOptions>(options =>
        {
            options.ServiceId = settings.ServerName.Value;
            options.ClusterId = settings.ServerName.Value;
        });
        silo.UseAdoNetClustering(options =>
        {
            options.Invariant = Invariant;
            options.ConnectionString = settings.Database;
        });
        silo.UseAdoNetReminderService(options =>
        {
            options.Invariant = Invariant;
            options.ConnectionString = settings.Database;
        });
    });
}
