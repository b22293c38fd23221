using Folder = System.IO.Directory;

namespace OrleansMatrix.Grains.Media;

/// <summary>Files and folders that no other account of the machine may read; on Windows they have what their parent folder says.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a file that is not there yet, to be written asynchronously, and read meanwhile by whoever writes it.</summary>
    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }

    /// <summary>Makes a folder, and those above it, unless it is there.</summary>
    public static void CreateFolder(string path)
    {
        // By itself .NET gives the folders above the mode of any other.
        if (Path.GetDirectoryName(path) is { Length: > 0 } parent && !Folder.Exists(parent))
            CreateFolder(parent);
        if (OperatingSystem.IsWindows())
            Folder.CreateDirectory(path);
        else
            Folder.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
    }
}
