using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Silo;

/// <summary>Of the native executable, which can have no dashboard: it is made of code that is emitted at run time.</summary>
internal static class Dashboard
{
    /// <exception cref="SettingsException">It is wanted.</exception>
    public static void Add(ISiloBuilder silo, MatrixSettings settings)
    {
        if (settings.DashboardEnabled)
        {
            throw new SettingsException(
                "Matrix:Dashboard:Enabled", "the native executable has no dashboard; run the server with the .NET SDK (dotnet run) to have it");
        }
    }

    /// <summary>Maps nothing.</summary>
    public static void Use(WebApplication app, MatrixSettings settings)
    {
    }
}
