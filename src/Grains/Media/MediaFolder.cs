using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Media;
using Folder = System.IO.Directory;

namespace OrleansMatrix.Grains.Media;

/// <summary>
/// The media folder: files named by the SHA-256 of their content, in subfolders by its first byte; thumbnails beside them. A file appears under its name only
/// when it is whole and durable.
/// </summary>
internal sealed partial class MediaFolder(MatrixSettings settings, TemporaryFiles temporary) : IContents
{
    private const int ReadBuffer = 64 * 1024;
    private readonly string _root = RootOf(settings);

    /// <summary>Its path: <c>media</c> in the data directory, unless <c>Matrix:Media:Folder</c> names another.</summary>
    public static string RootOf(MatrixSettings settings) => settings.Media.Folder ?? Path.Combine(settings.DataDirectory, "media");

    /// <inheritdoc/>
    public IMediaWriter Create() => new MediaWriter(this, temporary.NewPath());

    /// <inheritdoc/>
    public ValueTask<Stream?> OpenAsync(string name, long position = 0)
    {
        var file = Open(PathOf(name));
        file?.Seek(position, SeekOrigin.Begin);
        return new(file);
    }

    /// <summary>Gives a durable temporary file its name. If the name is taken the content is there already.</summary>
    public void Publish(string temporaryPath, string name)
    {
        var path = PathOf(name);
        var folder = Path.GetDirectoryName(path)!;
        var isNew = !Folder.Exists(folder);
        PrivateFiles.CreateFolder(folder);
        File.Move(temporaryPath, path, overwrite: true);
        FlushFolder(folder);
        if (isNew)
            FlushFolder(Path.GetDirectoryName(folder)!);
    }

    private string PathOf(string name) => Path.Combine(_root, name[..2], name);

    private static FileStream? Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, ReadBuffer, useAsync: true);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    // A rename is durable once its folder is (fsync(2)); .NET opens no folders.
    private static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var handle = OpenFolder(path, 0, 0);
        if (!handle.IsInvalid)
            _ = Sync(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFolder(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(SafeFileHandle file);
}
