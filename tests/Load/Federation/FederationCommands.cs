using System.CommandLine;
using OrleansMatrix.Load.Joining;

namespace OrleansMatrix.Load.Federation;

/// <summary>The subcommands that measure federation; they start the servers that they need.</summary>
internal static class FederationCommands
{
    public static void AddTo(RootCommand root)
    {
        var origins = new Option<int>("--origins") { Description = "Servers that send, each to a room of its own", DefaultValueFactory = _ => 1 };
        var received = new Option<int>("--events") { Description = "Events in all", DefaultValueFactory = _ => 40_000 };
        var warmUp = new Option<int>("--warm-up") { Description = "Events before them", DefaultValueFactory = _ => 10_000 };
        var silos = new Option<int>("--silos") { Description = "Silos of the server, on PostgreSQL if there are several", DefaultValueFactory = _ => 1 };
        var database = new Option<string>("--database") { Description = "PostgreSQL's connection string; empty: SQLite", DefaultValueFactory = _ => "" };
        var receive = new Command("receive", "Starts a server and sends it signed transactions of synthetic servers")
        {
            silos, database, origins, received, warmUp,
        };
        Reporting.Add(root, receive, (parse, stop) => ReceiveRun.RunAsync(
            parse.GetValue(silos), parse.GetValue(database)!, parse.GetValue(origins), parse.GetValue(received), parse.GetValue(warmUp), stop),
            ReportJson.Default.ReceiveReport, r => r.Refused == 0);

        var missed = new Option<int>("--events") { Description = "Events that are missed", DefaultValueFactory = _ => 10_000 };
        var catchUp = new Command("catch-up",
            "Starts two servers, kills one, sends to a common room at the other, starts the first again and waits until it has everything") { missed };
        Reporting.Add(root, catchUp, (parse, stop) => CatchUpRun.RunAsync(parse.GetValue(missed), isAway: true, stop), ReportJson.Default.CatchUpReport,
            r => r.Missing == 0);

        var sent = new Option<int>("--events") { Description = "Messages that are sent", DefaultValueFactory = _ => 2000 };
        var deliver = new Command("deliver",
            "Starts two servers, sends to a common room at one as fast as it takes, and waits until the other has everything") { sent };
        Reporting.Add(root, deliver, (parse, stop) => CatchUpRun.RunAsync(parse.GetValue(sent), isAway: false, stop), ReportJson.Default.CatchUpReport,
            r => r.Missing == 0);

        var members = new Option<int>("--members") { Description = "Members of the room, all of other servers", DefaultValueFactory = _ => 1000 };
        var servers = new Option<int>("--servers") { Description = "Servers that the members are of", DefaultValueFactory = _ => 20 };
        var join = new Command("join",
            "Starts two servers, fills a room of the first with members of made-up servers by federation, and joins it from the second") { members, servers };
        Reporting.Add(
            root, join, (parse, stop) => JoinRun.RunAsync(parse.GetValue(members), parse.GetValue(servers), stop), ReportJson.Default.JoinReport, _ => true);
    }
}
