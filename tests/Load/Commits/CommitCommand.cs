using System.CommandLine;
using System.Text.Json;

namespace OrleansMatrix.Load.Commits;

/// <summary><c>commits</c>: how commits scale with the number of silos that share a database.</summary>
internal static class CommitCommand
{
    public static void AddTo(RootCommand root)
    {
        var socket = new Option<string>("--socket") { Description = "The directory of PostgreSQL's Unix socket", Required = true };
        var silos = new Option<int[]>("--silos") { Description = "Numbers of silos", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 2, 4, 8] };
        var writers = new Option<int>("--writers") { Description = "Writers of each silo", DefaultValueFactory = _ => 64 };
        var seconds = new Option<double>("--seconds") { Description = "Length of each measured part", DefaultValueFactory = _ => 8 };
        var near = new Option<bool>("--near") { Description = "Without the millisecond of network between silos and database" };
        var command = new Command("commits", "Commits of several silos on one PostgreSQL, a millisecond away") { socket, silos, writers, seconds, near };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var directory = parse.GetValue(socket)!;
            using var network = new DelayedNetwork(Path.Combine(directory, ".s.PGSQL.5432"));
            var host = parse.GetValue(near) ? $"Host={directory}" : $"Host=127.0.0.1;Port={network.Port}";
            var load = new CommitLoad($"{host};Username=postgres;Database=matrix", parse.GetValue(writers), TimeSpan.FromSeconds(parse.GetValue(seconds)));
            foreach (var number in parse.GetValue(silos)!)
            {
                var report = await load.RunAsync(number, cancellationToken);
                Console.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.CommitReport));
            }
        });
        root.Subcommands.Add(command);
    }
}
