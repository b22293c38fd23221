using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Silo.Keys;

/// <summary>Signing keys as text, a line for each as Synapse writes it: what a key file holds, or the row of the database.</summary>
internal static class KeyLines
{
    /// <summary>The keys; null if one line is no key, or there is none.</summary>
    public static IReadOnlyList<SigningKey>? Parse(string text)
    {
        var keys = new List<SigningKey>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!SigningKey.TryParse(line, out var key))
                return null;
            keys.Add(key);
        }

        return keys.Count == 0 ? null : keys;
    }

    /// <summary>The text. Secret.</summary>
    public static string Write(IEnumerable<SigningKey> keys) => string.Join('\n', keys.Select(static key => key.ToFileLine()));
}
