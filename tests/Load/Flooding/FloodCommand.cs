using System.CommandLine;

namespace OrleansMatrix.Load.Flooding;

/// <summary>The subcommand that floods a server it starts.</summary>
internal static class FloodCommand
{
    private static readonly Option<int> s_limit = new("--memory-limit") { Description = "Matrix:MemoryLimit, in MiB", DefaultValueFactory = _ => 1024 };
    private static readonly Option<int> s_attackers =
        new("--attackers") { Description = "Accounts that flood, each from an address of its own; up to 10", DefaultValueFactory = _ => 4 };
    private static readonly Option<double> s_seconds = new("--seconds") { Description = "Length of each flood", DefaultValueFactory = _ => 10 };
    private static readonly Option<string?> s_only = new("--only") { Description = "Floods whose name has this in it" };
    private static readonly Option<string> s_database =
        new("--database") { Description = "PostgreSQL's connection string; empty: SQLite", DefaultValueFactory = _ => "" };

    public static void AddTo(RootCommand root) => Reporting.Add(
        root,
        new Command("flood", "Starts a server and floods it in all ways, while honest users talk")
        {
            s_limit, s_attackers, s_seconds, s_only, s_database,
        },
        (parse, stop) => FloodRun.RunAsync(
            parse.GetValue(s_limit), parse.GetValue(s_attackers), TimeSpan.FromSeconds(parse.GetValue(s_seconds)), parse.GetValue(s_only),
            parse.GetValue(s_database)!, stop),
        ReportJson.Default.FloodsReport, static report => report.IsGood);
}
