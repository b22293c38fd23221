using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using Folder = System.IO.Directory;

namespace OrleansMatrix.Grains.Media;

/// <summary>
/// The folder <c>media</c> of the data directory: files named by the SHA-256 of their content, in subfolders by its first byte; thumbnails beside them. A file
/// appears under its name only when it is whole and durable.
/// </summary>
public sealed partial class MediaFolder
{
    private const int NameLength = 24;
    private static readonly TimeSpan s_abandoned = TimeSpan.FromDays(1);
    private readonly IRandom _random;
    private readonly string _root;
    private readonly string _temporary;

    public MediaFolder(MatrixSettings settings, IRandom random, TimeProvider time)
    {
        _random = random;
        _root = Path.Combine(settings.DataDirectory, "media");
        _temporary = Path.Combine(_root, "tmp");
        Folder.CreateDirectory(_temporary);

        // What a killed process left.
        foreach (var path in Folder.EnumerateFiles(_temporary))
        {
            if (File.GetLastWriteTimeUtc(path) < time.GetUtcNow().UtcDateTime - s_abandoned)
                File.Delete(path);
        }
    }

    /// <summary>A path for a new file, to be published or deleted.</summary>
    public string NewTemporary(string extension = "") => Path.Combine(_temporary, RandomText.Base62(_random, NameLength) + extension);

    /// <summary>Where the content of a hash lies, or its thumbnail of a name.</summary>
    public string PathOf(string sha256, string? thumbnail = null) =>
        Path.Combine(_root, sha256[..2], thumbnail is null ? sha256 : $"{sha256}.{thumbnail}");

    /// <summary>Gives a durable temporary file its name. If the name is taken the content is there already.</summary>
    public static void Publish(string temporary, string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        var isNew = !Folder.Exists(folder);
        Folder.CreateDirectory(folder);
        File.Move(temporary, path, overwrite: true);
        FlushFolder(folder);
        if (isNew)
            FlushFolder(Path.GetDirectoryName(folder)!);
    }

    // A rename is durable once its folder is (fsync(2)); .NET opens no folders.
    private static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var handle = Open(path, 0, 0);
        if (!handle.IsInvalid)
            _ = Sync(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(SafeFileHandle file);
}
