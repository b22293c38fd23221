using Microsoft.Extensions.Configuration.Memory;

namespace OrleansMatrix.Silo;

/// <summary>
/// What is logged when the configuration (<c>Logging:LogLevel</c>) says nothing else: what this server has to say, and what goes wrong below it.
/// </summary>
internal static class LogLevels
{
    private static readonly Dictionary<string, LogLevel> s_defaults = new()
    {
        ["Microsoft"] = LogLevel.Warning,

        // A start that fails is told in one line, by MatrixServer.
        ["Microsoft.Extensions.Hosting.Internal.Host"] = LogLevel.Critical,
        ["Orleans"] = LogLevel.Warning,

        // Levels go by the beginning of a name.
        ["OrleansMatrix"] = LogLevel.Information,

        // What every grain service says of where its range of the cluster begins.
        ["OrleansMatrix.Grains.Account.SessionService"] = LogLevel.Warning,

        // Its warnings are about the garbage collector of large servers, at every start.
        ["Orleans.Runtime.Silo"] = LogLevel.Error,

        // It warns at every start that it has not looked since the machine started.
        ["Orleans.Runtime.Watchdog"] = LogLevel.Error,

        // A line for each placement of a grain.
        ["Polly"] = LogLevel.Warning,
    };

    /// <summary>Puts the defaults below everything that is configured.</summary>
    public static void AddDefaults(ConfigurationManager configuration) =>
        ((IConfigurationBuilder)configuration).Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = s_defaults.Select(static level => KeyValuePair.Create($"Logging:LogLevel:{level.Key}", (string?)level.Value.ToString())),
        });
}
