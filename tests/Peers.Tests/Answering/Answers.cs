using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Peers.Tests.Answering;

/// <summary>A request to a server.</summary>
/// <param name="Origin">Who asks; empty if that is not said.</param>
/// <param name="Operation">The part of the path that names it, such as <c>make_join</c>.</param>
/// <param name="Path">What follows that, unescaped.</param>
internal sealed record Asked(string Origin, string Operation, bool IsV1, string[] Path, IReadOnlyDictionary<string, string> Query, string Body)
{
    public JsonNode Json => JsonNode.Parse(Body, documentOptions: new() { MaxDepth = 1000 })!;
}

/// <summary>Finds who answers a request.</summary>
internal sealed class Answers(PeerServer server)
{
    private static readonly string[] s_new = ["hierarchy", "timestamp_to_event", "make_knock", "send_knock", "media"];

    private readonly HistoryAnswers _history = new(server);
    private readonly MembershipAnswers _membership = new(server);
    private readonly UserAnswers _users = new(server);
    private readonly DirectoryAnswers _directory = new(server);

    public async Task<Answer> ToAsync(string origin, PeerRequest request)
    {
        var path = request.Line[(request.Line.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split('/');
        if (path.Length < 5 || path[2] == "media")
            return path.ElementAtOrDefault(2) == "media" && server.Character == Character.Old ? DirectoryAnswers.File() : NotThere();
        if (path[2] == "key")
            return _directory.Keys(path, request);
        var asked = new Asked(origin, path[2] == "policy" ? "policy" : path[4], path[3] == "v1", path[5..], request.Query, request.Body);
        if (server.Character == Character.Old && (!asked.IsV1 || s_new.Contains(asked.Operation)))
            return NotThere();
        Answer answer;
        try
        {
            answer = await AnswerAsync(asked, request);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or NullReferenceException or InvalidOperationException or IndexOutOfRangeException)
        {
            answer = PeerServer.Error(400, "M_BAD_JSON");
        }

        return server.Character == Character.Sloppy && (answer.Status is 403 or 404 || IsUnauthorised(answer)) ? PeerServer.Error(500, "M_UNKNOWN") : answer;
    }

    private async Task<Answer> AnswerAsync(Asked asked, PeerRequest request) => asked.Operation switch
    {
        "backfill" => _history.Backfill(asked, request.EventIds),
        "get_missing_events" => _history.Missing(asked),
        "event_auth" => _history.EventAuth(asked),
        "state" => _history.State(asked, idsOnly: false),
        "state_ids" => _history.State(asked, idsOnly: true),
        "event" => _history.Event(asked),
        "timestamp_to_event" => _history.ByTime(asked),
        "make_join" => _membership.Make(asked, "join"),
        "make_knock" => _membership.Make(asked, "knock"),
        "make_leave" => _membership.Make(asked, "leave"),
        "send_join" => await _membership.SendAsync(asked, "join"),
        "send_knock" => await _membership.SendAsync(asked, "knock"),
        "send_leave" => await _membership.SendAsync(asked, "leave"),
        "invite" => await _membership.InviteAsync(asked),
        "exchange_third_party_invite" => await _membership.ExchangeAsync(asked),
        "send" => _users.Transaction(asked),
        "user" => _users.Keys(asked),
        "openid" => _users.OpenId(asked),
        "query" when asked.Path[0] == "profile" => _users.Profile(asked),
        "query" => _directory.Alias(asked),
        "publicRooms" => _directory.PublicRooms(asked),
        "hierarchy" => _directory.Hierarchy(asked),
        "media" => DirectoryAnswers.Media(),
        "policy" => _membership.Policy(asked),
        "version" => Ok(new JsonObject { ["server"] = new JsonObject { ["name"] = "peer", ["version"] = "1" } }),
        _ => NotThere(),
    };

    public static Answer Ok(JsonNode json) => new(200, json.ToJsonString());

    private static bool IsUnauthorised(Answer answer) => answer.Status == 400 && answer.Text.Contains("M_UNABLE_TO_AUTHORISE_JOIN", StringComparison.Ordinal);

    private static Answer NotThere() => PeerServer.Error(404, "M_UNRECOGNIZED");
}
