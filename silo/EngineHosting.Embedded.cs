using Orleans.Embedded;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Silo;

/// <summary>Hosts the grains on the embedded engine: one silo in this process, reminders in the server's database.</summary>
internal static class EngineHosting
{
    public static void Add(WebApplicationBuilder builder, MatrixSettings settings)
    {
        _ = settings;
        builder.Services.AddSingleton<IReminderStorage, StoredReminders>();
        builder.UseOrleans(static _ => { });
    }
}
