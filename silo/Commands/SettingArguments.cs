namespace OrleansMatrix.Silo.Commands;

/// <summary>Settings on the command line: <c>--Matrix:Key=value</c> or <c>--Matrix:Key value</c>, and likewise those of Kestrel and of the host.</summary>
internal static class SettingArguments
{
    private static readonly HashSet<string> s_sections = new(StringComparer.OrdinalIgnoreCase)
    {
        "Matrix", "Kestrel", "Logging", "urls", "http_ports", "https_ports", "environment", "contentRoot", "AllowedHosts",
    };

    /// <summary>What is wrong with arguments that ought to be settings, for a person to read; null: nothing. A mistyped command is no setting.</summary>
    public static string? Fault(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal))
                return $"'{argument}' is no command and no setting; --help lists the commands";
            var end = argument.IndexOf('=', StringComparison.Ordinal);
            var key = end < 0 ? argument[2..] : argument[2..end];
            if (!s_sections.Contains(key.Split(':')[0]))
                return $"'{argument}' is no option and no setting; a setting is written --Matrix:Key=value";
            if (end < 0 && ++i == arguments.Count)
                return $"{argument} needs a value";
        }

        return null;
    }
}
