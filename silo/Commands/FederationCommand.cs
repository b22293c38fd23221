using System.CommandLine;
using OrleansMatrix.Federation;
using OrleansMatrix.Federation.Checking;
using OrleansMatrix.Federation.Discovery;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Silo.Commands;

/// <summary><c>federation check SERVER</c>: what other servers meet on their way to a server, this one or another.</summary>
internal static class FederationCommand
{
    public static Command Create()
    {
        var server = new Argument<string>("server") { Description = "A server name, such as example.org; it may be this server's own." };
        var check = new Command("check", "Look for what keeps servers from reaching a server, step by step.") { server };
        check.TreatUnmatchedTokensAsErrors = false;
        check.SetAction((result, stop) => CheckAsync(result, result.GetRequiredValue(server), stop));
        return new Command("federation", "Look into federation.") { check };
    }

    private static async Task<int> CheckAsync(ParseResult result, string server, CancellationToken cancellationToken)
    {
        if (!ServerName.TryParse(server, out var name))
        {
            await Console.Error.WriteLineAsync($"'{server}' is not a server name: write a host with an optional port, without https://");
            return 2;
        }

        try
        {
            var settings = CommandTree.Settings(result);
            await using var services = new ServiceCollection()
                .AddSingleton(TimeProvider.System)
                .AddSingleton<IRandom, SystemRandom>()
                .AddFederation(settings.AllowPrivateAddresses, AllowedServers.Open)
                .AddSingleton<CheckNetwork>()
                .BuildServiceProvider();
            var report = new CheckReport(static line => Console.WriteLine(Write(line)));
            var check = new ServerCheck(services.GetRequiredService<CheckNetwork>(), services.GetRequiredService<AddressPolicy>(), TimeProvider.System);
            await check.RunAsync(name, report, cancellationToken);
            return report.IsGood ? 0 : 1;
        }
        catch (Exception fault) when (fault is SettingsException or UsageException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return CommandTree.UsageError;
        }
    }

    private static string Write(CheckLine line)
    {
        var mark = line.Level switch { CheckLevel.Good => "ok   ", CheckLevel.Note => "note ", _ => "WRONG" };
        return line.Advice is null ? $"{mark} {line.Text}" : $"{mark} {line.Text}{Environment.NewLine}      To do: {line.Advice}";
    }
}
