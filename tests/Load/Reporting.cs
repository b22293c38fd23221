using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrleansMatrix.Load;

/// <summary>Subcommands that start their servers themselves, and write one report to standard output.</summary>
internal static class Reporting
{
    private static readonly Option<int> s_maxSeconds = new("--max-seconds") { Description = "Gives up then", DefaultValueFactory = _ => 600 };

    /// <summary>Adds one, whose exit code is 0 only if its report is good.</summary>
    public static void Add<T>(
        RootCommand root, Command command, Func<ParseResult, CancellationToken, Task<T>> run, JsonTypeInfo<T> json, Func<T, bool> isGood)
    {
        command.Options.Add(s_maxSeconds);
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            stop.CancelAfter(TimeSpan.FromSeconds(parse.GetValue(s_maxSeconds)));
            try
            {
                var report = await run(parse, stop.Token);
                Console.WriteLine(JsonSerializer.Serialize(report, json));
                return isGood(report) ? 0 : 1;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync($"not done after {parse.GetValue(s_maxSeconds)} s");
                return 1;
            }
        });
        root.Subcommands.Add(command);
    }
}
