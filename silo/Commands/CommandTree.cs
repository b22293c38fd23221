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
            KeysCommand.Create(),
            FederationCommand.Create(),
        };
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction((result, _) => RunServerAsync([.. result.UnmatchedTokens]));
        return root.Parse(args).InvokeAsync();
    }

    /// <summary>The exit code of a command that was written wrongly.</summary>
    public const int UsageError = 2;

    /// <summary>The settings as the server would read them.</summary>
    /// <exception cref="UsageException">What is left of the command line is no setting.</exception>
    /// <exception cref="SettingsException">A value is wrong, or a key is not known.</exception>
    public static MatrixSettings Settings(ParseResult result) => SettingArguments.Fault(result.UnmatchedTokens) is { } fault
        ? throw new UsageException(fault)
        : SettingsReader.Read(new ConfigurationBuilder()
            .AddJsonFile(Path.GetFullPath("appsettings.json"), optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine([.. result.UnmatchedTokens])
            .Build());

    /// <summary>Runs a command on the server's own database, which may be in use by a running server; faults become one line.</summary>
    /// <param name="makeNew">Without a database in the data folder one is made; else that is an error.</param>
    public static async Task<int> OnStorageAsync(ParseResult result, Func<AdminContext, Task<int>> command, bool makeNew = false)
    {
        try
        {
            await using var context = await AdminContext.OpenAsync(Settings(result), TimeProvider.System, new SystemRandom(), makeNew);
            return await command(context);
        }
        catch (UsageException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return UsageError;
        }
        catch (Exception fault) when (StartFault.Describe(fault) is { } line)
        {
            await Console.Error.WriteLineAsync(line);
            return 1;
        }
    }

    private static async Task<int> RunServerAsync(string[] arguments)
    {
        if (SettingArguments.Fault(arguments) is not { } fault)
            return await MatrixServer.RunAsync(arguments);
        await Console.Error.WriteLineAsync(fault);
        return UsageError;
    }
}
