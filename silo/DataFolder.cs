using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Silo;

/// <summary>The folders of <c>Matrix:DataDirectory</c> and <c>Matrix:Media:Folder</c>.</summary>
internal static class DataFolder
{
    /// <summary>Creates them if they are missing, for this account of the machine alone. A gateway that is no silo has no data.</summary>
    /// <exception cref="SettingsException">One cannot be created.</exception>
    public static void Create(MatrixSettings settings)
    {
        if (settings.Cluster.Role != ClusterRole.Gateway)
            Create("Matrix:DataDirectory", settings.DataDirectory);
        if (settings.Media.Folder is { } media)
            Create("Matrix:Media:Folder", media);
    }

    private static void Create(string key, string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException(key, $"'{path}' cannot be created: {fault.Message}");
        }
    }
}
