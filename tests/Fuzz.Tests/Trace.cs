using System.Text.RegularExpressions;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>The newest requests, for who looks for the one that did the harm.</summary>
internal sealed partial class Trace
{
    private const int Kept = 300;
    private const int MaxLength = 600;
    private const int Looked = 100_000;

    private readonly Queue<string> _lines = new();

    /// <summary>Remembers a request before it is sent.</summary>
    public void Sends(int step, string method, string target, string body)
    {
        _lines.Enqueue($"step {step}: {method} {Short(Uri.UnescapeDataString(target))} {Short(body)}");
        while (_lines.Count > Kept)
            _lines.Dequeue();
    }

    /// <summary>Remembers the answer to the newest request.</summary>
    public void Answered(int status, int milliseconds) => _lines.Enqueue($"  {status}, {milliseconds} ms");

    public string Last => _lines.LastOrDefault(static l => l.StartsWith("step", StringComparison.Ordinal), "");

    /// <summary>Writes all of it to a file that stays; its path.</summary>
    public string Keep(int seed)
    {
        var file = Path.Combine(Path.GetTempPath(), $"fuzz-{seed}.txt");
        File.WriteAllLines(file, _lines);
        return file;
    }

    // What repeats itself, as depth and length do, is written once with the number of times.
    private static string Short(string text)
    {
        var once = Repeated().Replace((text.Length > Looked ? text[..Looked] : text).Replace("\0", "\\0", StringComparison.Ordinal), static match =>
            $"{match.Groups[1].Value}*{match.Length / match.Groups[1].Length}");
        return once.Length > MaxLength ? once[..MaxLength] + "..." : once;
    }

    [GeneratedRegex(@"(.{1,5}?)\1{7,}", RegexOptions.Singleline)]
    private static partial Regex Repeated();
}
