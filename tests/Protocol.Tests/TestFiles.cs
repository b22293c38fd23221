using System.Text.Json;

namespace OrleansMatrix.Protocol.Tests;

/// <summary>The files that lie beside the tests.</summary>
internal static class TestFiles
{
    public static string Path(params string[] parts) => System.IO.Path.Combine([AppContext.BaseDirectory, .. parts]);

    public static JsonElement Json(params string[] parts) => Parse(File.ReadAllText(Path(parts)));

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
