using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;
using Folder = System.IO.Directory;

namespace OrleansMatrix.Grains.Media;

/// <summary>The folder <c>tmp</c> of the media folder: files that are being written, and images that thumbnails are made of.</summary>
internal sealed class TemporaryFiles
{
    private const int NameLength = 24;
    private static readonly TimeSpan s_abandoned = TimeSpan.FromDays(1);
    private readonly IRandom _random;
    private readonly string _folder;

    public TemporaryFiles(MatrixSettings settings, IRandom random, TimeProvider time)
    {
        _random = random;
        _folder = Path.Combine(MediaFolder.RootOf(settings), "tmp");
        PrivateFiles.CreateFolder(_folder);

        // What a killed process left.
        foreach (var path in Folder.EnumerateFiles(_folder))
        {
            if (File.GetLastWriteTimeUtc(path) < time.GetUtcNow().UtcDateTime - s_abandoned)
                File.Delete(path);
        }
    }

    /// <summary>A path for a new file, to be given a name or deleted.</summary>
    public string NewPath(string extension = "") => Path.Combine(_folder, RandomText.Base62(_random, NameLength) + extension);
}
