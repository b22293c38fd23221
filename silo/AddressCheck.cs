namespace OrleansMatrix.Silo;

/// <summary>Checks Kestrel's own settings before Kestrel does: its faults name no key.</summary>
internal static class AddressCheck
{
    private const int MaxPort = 65535;

    /// <exception cref="SettingsException">An address cannot be parsed, or a certificate's file is not there.</exception>
    public static void Check(IConfiguration configuration)
    {
        foreach (var url in (configuration["urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
            CheckUrl("urls", url);
        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
        {
            CheckUrl($"{endpoint.Path}:Url", endpoint["Url"] ?? "");
            CheckFiles(endpoint.GetSection("Certificate"));
        }

        CheckFiles(configuration.GetSection("Kestrel:Certificates:Default"));
    }

    private static void CheckUrl(string key, string url)
    {
        try
        {
            if (BindingAddress.Parse(url).Port is < 0 or > MaxPort)
                throw new SettingsException(key, $"'{url}' has no valid port");
        }
        catch (FormatException)
        {
            throw new SettingsException(key, $"'{url}' is not an address to listen on, such as http://127.0.0.1:8008");
        }
    }

    private static void CheckFiles(IConfigurationSection certificate)
    {
        foreach (var name in (string[])["Path", "KeyPath"])
        {
            if (certificate[name] is { Length: > 0 } path && !File.Exists(path))
                throw new SettingsException($"{certificate.Path}:{name}", $"there is no file '{path}'");
        }
    }
}
