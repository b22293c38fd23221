using System.CommandLine;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol;

namespace OrleansMatrix.Silo.Commands;

/// <summary>The command line: the server by default, and what an administrator does without one.</summary>
internal static class CommandTree
{
    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("OrleansMatrix, a Matrix homeserver. Without a command it runs the server; settings: --Matrix:Key=value.")
        {
            UsersCommand.Create(),
            TokensCommand.Create(),
            FederationCommand.Create(),
        };
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction((result, _) => MatrixServer.RunAsync([.. result.UnmatchedTokens]));
        return root.Parse(args).InvokeAsync();
    }

    /// <summary>The settings as the server would read them.</summary>
    public static MatrixSettings Settings(ParseResult result) => SettingsReader.Read(new ConfigurationBuilder()
        .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
        .AddEnvironmentVariables()
        .AddCommandLine([.. result.UnmatchedTokens])
        .Build());

    /// <summary>Runs a command on the server's own database, which may be in use by a running server; faults become one line.</summary>
    public static async Task<int> OnStorageAsync(ParseResult result, Func<AdminContext, Task<int>> command)
    {
        try
        {
            await using var context = await AdminContext.OpenAsync(Settings(result), TimeProvider.System, new SystemRandom());
            return await command(context);
        }
        catch (Exception fault) when (StartFault.Describe(fault) is { } line)
        {
            await Console.Error.WriteLineAsync(line);
            return 1;
        }
    }
}
