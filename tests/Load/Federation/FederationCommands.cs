using System.CommandLine;
using System.Text.Json;

namespace OrleansMatrix.Load.Federation;

/// <summary>The subcommands that measure federation; they start the servers that they need.</summary>
internal static class FederationCommands
{
    public static void AddTo(RootCommand root)
    {
        var origins = new Option<int>("--origins") { Description = "Servers that send, each to a room of its own", DefaultValueFactory = _ => 1 };
        var events = new Option<int>("--events") { Description = "Events in all", DefaultValueFactory = _ => 10_000 };
        var receive = new Command("receive", "Starts a server and sends it signed transactions of synthetic servers") { origins, events };
        receive.SetAction(async (parse, cancellationToken) =>
        {
            var report = await ReceiveRun.RunAsync(parse.GetValue(origins), parse.GetValue(events), cancellationToken);
            Console.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.ReceiveReport));
            return report.Refused == 0 ? 0 : 1;
        });
        var catchUp = new Command("catch-up", "Starts two servers, kills one, sends to a common room at the other, starts the first again and waits until it has everything") { events };
        catchUp.SetAction(async (parse, cancellationToken) =>
        {
            var report = await CatchUpRun.RunAsync(parse.GetValue(events), cancellationToken);
            Console.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.CatchUpReport));
        });
        root.Subcommands.Add(receive);
        root.Subcommands.Add(catchUp);
    }
}
