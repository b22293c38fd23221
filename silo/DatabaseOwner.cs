using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo;

/// <summary>
/// The server name that a database belongs to: the first start writes it, and all later ones must have the same. With another name every user and room would be
/// a stranger's.
/// </summary>
internal static class DatabaseOwner
{
    private const string NameSetting = "server_name";

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

    /// <summary>The database, for messages.</summary>
    public static string Where(MatrixSettings settings) => settings.Database.Length == 0 ? $"in {settings.DataDirectory}" : "of Matrix:Database";
}
