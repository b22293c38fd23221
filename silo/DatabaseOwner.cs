using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo;

/// <summary>
/// The server name and the signing key that a database belongs to: the first start writes them, and all later ones must have the same. With another name every
/// user and room would be a stranger's; with another key other servers would refuse what this one signs until they ask for its keys again, and what it signed
/// before.
/// </summary>
internal static class DatabaseOwner
{
    private const string NameSetting = "server_name";
    private const string KeySetting = "signing_key";

    /// <summary>Holds the server to its database's name, or gives the database that name.</summary>
    /// <exception cref="SettingsException">The database is another server's.</exception>
    public static async Task CheckNameAsync(IStorage storage, MatrixSettings settings)
    {
        var name = settings.ServerName.Value;
        if (await storage.Servers.GetSettingAsync(NameSetting) is not { } owner)
        {
            // Accounts are older than this setting in a database of an earlier version.
            owner = await storage.Accounts.ListAsync(null, 1) is [var account, ..] && UserId.TryParse(account.UserId, out var user) ? user.ServerName.Value
                : name;
            owner = await storage.Servers.SetSettingOnceAsync(NameSetting, owner);
        }

        if (owner != name)
            throw new SettingsException(
                "Matrix:ServerName", $"is '{name}', but the database {Where(settings)} is that of '{owner}'; a server's name never changes");
    }

    /// <summary>Holds the server to the key that its database was used with, or notes it.</summary>
    /// <exception cref="SettingsException">It was used with another one.</exception>
    public static async Task CheckKeyAsync(IStorage storage, MatrixSettings settings, SigningKey key)
    {
        var own = TextOf(key);
        if (await storage.Servers.SetSettingOnceAsync(KeySetting, own) is var owner && owner != own)
            throw Other(settings, key, owner);
    }

    /// <summary>What names the key that the database was used with; null: it was used with none.</summary>
    public static ValueTask<string?> ReadKeyAsync(IStorage storage) => storage.Servers.GetSettingAsync(KeySetting);

    /// <summary>Whether a key may be the first that is stored in the database: none, or another, may not if the database was used with one.</summary>
    /// <param name="settings">Name the database.</param>
    /// <param name="key">That of a file, if there is one.</param>
    /// <param name="used">See <see cref="ReadKeyAsync"/>.</param>
    /// <exception cref="SettingsException">It was.</exception>
    public static void CheckFirstKey(MatrixSettings settings, SigningKey? key, string? used)
    {
        if (used is not null && (key is null || used != TextOf(key)))
            throw Other(settings, key, used);
    }

    private static string TextOf(SigningKey key) => $"{key.KeyId} {key.VerifyKey.ToBase64()}";

    private static SettingsException Other(MatrixSettings settings, SigningKey? key, string owner) => new(
        "Matrix:DataDirectory",
        $"signing.key in {settings.DataDirectory} is {key?.KeyId ?? "missing"}, but the database {Where(settings)} was used with {owner.Split(' ')[0]}: " +
        "put that signing.key there");

    private static string Where(MatrixSettings settings) => settings.Database.Length == 0 ? $"in {settings.DataDirectory}" : "of Matrix:Database";
}
