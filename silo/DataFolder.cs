using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Silo;

/// <summary>The folder of <c>Matrix:DataDirectory</c>.</summary>
internal static class DataFolder
{
    /// <summary>Creates it if it is missing.</summary>
    /// <exception cref="SettingsException">It cannot be created.</exception>
    public static void Create(MatrixSettings settings)
    {
        try
        {
            Directory.CreateDirectory(settings.DataDirectory);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException("Matrix:DataDirectory", $"'{settings.DataDirectory}' cannot be created: {fault.Message}");
        }
    }
}
