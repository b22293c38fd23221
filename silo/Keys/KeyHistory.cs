using System.Globalization;
using OrleansMatrix.Federation;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Keys;

/// <summary>
/// The public halves of the keys that a database was used with, and from when on each signs: a line for each in one setting of the database (ADR 0138). With a
/// key that is not among them other servers would refuse what this one signs until they ask for its keys again, and what it signed before.
/// </summary>
internal static class KeyHistory
{
    private const string Setting = "signing_key";

    /// <summary>The lines; null if the database was used with no key.</summary>
    public static ValueTask<string?> ReadAsync(IStorage storage) => storage.Servers.GetSettingAsync(Setting);

    /// <summary>The lines, which are begun with that key if there are none.</summary>
    public static async Task<string> BeginAsync(IStorage storage, SigningKey key) => await storage.Servers.SetSettingOnceAsync(Setting, LineOf(key, 0));

    /// <summary>Adds a key to the lines; false if they have become others meanwhile.</summary>
    /// <param name="lines">As they were read.</param>
    /// <param name="key">The key.</param>
    /// <param name="from">From when on it signs: milliseconds since the Unix epoch, later than the last line's.</param>
    public static async Task<bool> AddAsync(IStorage storage, string lines, SigningKey key, long from)
    {
        var longer = $"{lines}\n{LineOf(key, from)}";
        await storage.Servers.ReplaceSettingAsync(Setting, lines, longer);
        return await ReadAsync(storage) == longer;
    }

    /// <summary>From when on the newest key signs.</summary>
    public static long LastFrom(string lines) => Parse(lines)[^1].From;

    /// <summary>The keys of the lines with their private halves.</summary>
    /// <param name="lines">See <see cref="ReadAsync"/>.</param>
    /// <param name="keys">The keys at hand.</param>
    /// <param name="settings">Name the database, for the fault's text.</param>
    /// <param name="now">Milliseconds since the Unix epoch.</param>
    /// <exception cref="SettingsException">A key that signs, or will, is not at hand.</exception>
    public static OwnKeys Join(string lines, IReadOnlyList<SigningKey> keys, MatrixSettings settings, long now)
    {
        var own = Parse(lines).ConvertAll(line => line with { Private = keys.FirstOrDefault(key => IsOf(line.VerifyKey, key)) });
        for (var i = 0; i < own.Count; i++)
        {
            var isOver = i + 1 < own.Count && own[i + 1].From <= now;
            if (own[i].Private is null && !isOver)
                throw Missing(own[i].VerifyKey, keys, settings);
        }

        return new OwnKeys(own);
    }

    private static bool IsOf(VerifyKey verifyKey, SigningKey key) =>
        key.KeyId == verifyKey.KeyId && key.VerifyKey.PublicKey.SequenceEqual(verifyKey.PublicKey);

    private static string LineOf(SigningKey key, long from) =>
        string.Create(CultureInfo.InvariantCulture, $"{key.KeyId} {key.VerifyKey.ToBase64()} {from}");

    // The first key of a database may stand there without a time.
    private static List<OwnKey> Parse(string lines) => [.. lines.Split('\n').Select(static line => line.Split(' ')).Select(static parts =>
        VerifyKey.TryParse(parts[0], parts.ElementAtOrDefault(1) ?? "", out var key)
            ? new OwnKey(key, parts.Length > 2 ? long.Parse(parts[2], CultureInfo.InvariantCulture) : 0, null)
            : throw new SettingsException("Matrix:Database", $"the setting {Setting} in it is not a list of signing keys"))];

    private static SettingsException Missing(VerifyKey wanted, IReadOnlyList<SigningKey> keys, MatrixSettings settings)
    {
        var found = keys.Count == 0 ? "missing" : string.Join(", ", keys.Select(static key => key.KeyId));
        return new SettingsException(
            "Matrix:DataDirectory",
            $"signing.key in {settings.DataDirectory} is {found}, but the database {DatabaseOwner.Where(settings)} was used with {wanted.KeyId}: " +
            "put that signing.key there");
    }
}
