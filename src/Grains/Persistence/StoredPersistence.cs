using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace OrleansMatrix.Grains.Persistence;

/// <summary>Grain state and reminders of a silo that shares its database with no other.</summary>
public static class StoredPersistence
{
    /// <summary>Keeps both in the server's own storage.</summary>
    public static ISiloBuilder UseStoredPersistence(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.AddReminders();
        silo.Services
            .AddSingleton<StoredGrainState>()
            .AddSingleton<OrleansGrainStorageSerializer>()
            .AddGrainStorage("Default", static (provider, _) => provider.GetRequiredService<StoredGrainState>())
            .AddSingleton<IReminderTable, StoredReminders>();
        return silo;
    }
}
