using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Silo;

namespace OrleansMatrix.Deployment.Tests;

/// <summary>What the server makes of a container's environment.</summary>
/// <param name="Matrix">Its settings.</param>
/// <param name="HttpPort">The port that it takes requests at.</param>
internal sealed partial record ServerSettings(MatrixSettings Matrix, int HttpPort)
{
    /// <summary>Reads it by the server's own reader, which refuses keys that it does not know. No variable is for anything else.</summary>
    public static ServerSettings Read(IReadOnlyDictionary<string, string> environment)
    {
        foreach (var key in environment.Keys)
            Assert.Matches(KnownKeys(), key);
        var keys = environment.Select(static pair => KeyValuePair.Create(pair.Key.Replace("__", ":", StringComparison.Ordinal), (string?)pair.Value));
        var settings = SettingsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(keys).Build());
        Assert.Empty(settings.PassedOver);
        return new ServerSettings(settings, BindingAddress.Parse(environment["Kestrel__Endpoints__Http__Url"]).Port);
    }

    [GeneratedRegex("^(Matrix__.+|Kestrel__Endpoints__[A-Za-z]+__Url|Logging__Console__FormatterName)$")]
    private static partial Regex KnownKeys();
}
