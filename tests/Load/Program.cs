using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using OrleansMatrix.Load;
using OrleansMatrix.Load.Commits;
using OrleansMatrix.Load.Federation;
using OrleansMatrix.Load.Flooding;
using OrleansMatrix.Load.Joining;

var url = new Option<string[]>("--url")
{
    Description = "The homeserver's base URL; given more than once, the silos of one cluster that users are spread over",
    DefaultValueFactory = _ => ["http://127.0.0.1:8008"]
};
var writers = new Option<int>("--writers") { Description = "Users that send, one connection each", DefaultValueFactory = _ => 64 };
var rooms = new Option<int>("--rooms") { Description = "Rooms; writer i writes in room i modulo this", DefaultValueFactory = _ => 16 };
var readers = new Option<int>("--readers") { Description = "Users that follow a room by /sync", DefaultValueFactory = _ => 0 };
var rate = new Option<int>("--rate") { Description = "Sends per second over all writers; 0: closed loop", DefaultValueFactory = _ => 0 };
var seconds = new Option<double>("--seconds") { Description = "Length of the measured part", DefaultValueFactory = _ => 10 };
var warmUp = new Option<double>("--warm-up") { Description = "Seconds before it", DefaultValueFactory = _ => 3 };
var token = new Option<string?>("--registration-token") { Description = "For servers that ask for one" };
var bytes = new Option<int>("--body-bytes") { Description = "Length of a message's text", DefaultValueFactory = _ => 64 };
var yardstick = new Option<bool>("--yardstick") { Description = "First measure a bare Kestrel echo of the same JSON under the same loop" };

var pid = new Option<int[]>("--pid") { Description = "The server's process ids, if it runs here: reports CPU time and context switches per send" };

var root = new RootCommand("Loads a Matrix homeserver through its client API; the JSON report goes to standard output.") { url, writers, rooms, readers, rate,
    seconds, warmUp, token, bytes, yardstick, pid };
root.SetAction(async (parse, cancellationToken) =>
{
    var silos = parse.GetValue(url)!.Select(static url => new Uri(url)).ToArray();
    var options = new LoadOptions(silos, parse.GetValue(writers), parse.GetValue(rooms), parse.GetValue(readers), parse.GetValue(rate),
        TimeSpan.FromSeconds(parse.GetValue(seconds)), TimeSpan.FromSeconds(parse.GetValue(warmUp)), parse.GetValue(token), parse.GetValue(bytes),
        parse.GetValue(yardstick), parse.GetValue(pid)!);
    EchoResult? echo = options.Yardstick ? await Echo.MeasureAsync(options.Writers, options.Duration / 2, options.BodyBytes) : null;
    var run = new LoadRun(options);
    var report = await run.RunAsync(echo, cancellationToken);
    foreach (var error in run.ErrorTexts)
        await Console.Error.WriteLineAsync("error: " + error);
    Console.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.LoadReport));
    return report.Errors == 0 ? 0 : 1;
});
var echoServer = new Command("echo-server", "The yardstick's server, until standard input closes");
echoServer.SetAction((_, _) => Echo.ServeAsync());
root.Subcommands.Add(echoServer);
FederationCommands.AddTo(root);
FloodCommand.AddTo(root);
CommitCommand.AddTo(root);
return await root.Parse(args).InvokeAsync();

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(LoadReport))]
[JsonSerializable(typeof(JoinReport))]
[JsonSerializable(typeof(ReceiveReport))]
[JsonSerializable(typeof(CatchUpReport))]
[JsonSerializable(typeof(CommitReport))]
[JsonSerializable(typeof(FloodsReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
