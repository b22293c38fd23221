using System.Runtime.CompilerServices;

namespace OrleansMatrix.Deployment.Tests;

/// <summary>The files that are tested, where they lie.</summary>
internal static class Repository
{
    /// <summary>The full path of what has this path in the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root(), .. parts]);

    /// <summary>Its text.</summary>
    public static string Read(params string[] parts) => File.ReadAllText(PathOf(parts));

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../.."));
}
