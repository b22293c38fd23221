using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>What there is on the server as far as the fuzzer knows, by the names that paths and bodies have for it; it learns from answers.</summary>
internal sealed partial class KnownThings(Random random)
{
    private const int MaxOfKind = 60;

    // The first of a kind, such as the room of those who are to be harmed, are kept.
    private const int Lasting = 20;
    private static readonly string[] s_hostile =
        ["\0", "..", ".", "%2F", "x/y", "@a", "!", "$", "#", "\ud83d\ude00", new string('y', 300), "-1", "99999999999999999999", "'; --", " ", "null", "*"];

    private readonly Dictionary<string, List<string>> _things = new(StringComparer.Ordinal)
    {
        ["eventType"] = ["m.room.message", "m.room.member", "m.room.power_levels", "m.room.name", "m.room.topic", "m.room.encryption", "m.room.server_acl",
            "m.room.join_rules", "m.room.canonical_alias", "m.room.history_visibility", "m.room.tombstone", "m.space.child", "m.reaction", "org.example.x"],
        ["stateKey"] = ["", "x"],
        ["type"] = ["m.direct", "m.push_rules", "m.ignored_user_list", "m.fully_read", "org.example.x"],
        ["keyName"] = ["displayname", "avatar_url", "m.tz", "org.example.x"],
        ["kind"] = ["override", "content", "room", "sender", "underride"],
        ["scope"] = ["global"],
        ["ruleId"] = ["x", ".m.rule.master", "y"],
        ["receiptType"] = ["m.read", "m.read.private", "m.fully_read"],
        ["relType"] = ["m.thread", "m.annotation", "m.replace"],
        ["tag"] = ["u.x", "m.favourite"],
        ["sessionId"] = ["s1", "s2"],
        ["version"] = ["1", "2"],
        ["roomVersion"] = ["1", "6", "10", "11", "12"],
        ["filterId"] = ["0"],
        ["fileName"] = ["x.png"],
        ["queryType"] = ["directory", "profile"],
        ["preset"] = ["public_chat", "private_chat", "trusted_private_chat"],
        ["membership"] = ["join", "leave", "invite", "ban", "knock"],
        ["presence"] = ["online", "offline", "unavailable"],
    };

    private readonly Dictionary<string, int> _added = new(StringComparer.Ordinal);
    private int _fresh;

    /// <summary>Another thing of the kind; of many the oldest but the first are forgotten.</summary>
    public void Add(string kind, string thing)
    {
        if (!_things.TryGetValue(kind, out var all))
            _things[kind] = all = [];
        if (all.Contains(thing))
            return;
        if (all.Count < MaxOfKind)
            all.Add(thing);
        else
            all[Lasting + ((_added[kind] = _added.GetValueOrDefault(kind) + 1) % (MaxOfKind - Lasting))] = thing;
    }

    /// <summary>Some thing of the kind, now and then nonsense; something new if none is known.</summary>
    public string Of(string kind)
    {
        if (random.Next(30) == 0)
            return s_hostile[random.Next(s_hostile.Length)];
        var name = kind switch
        {
            "roomIdOrAlias" => random.Next(4) == 0 ? "roomAlias" : "roomId",
            _ => kind,
        };

        // One draw, however much is known by now.
        var at = random.Next();
        return _things.TryGetValue(name, out var all) ? all[at % all.Count] : Fresh();
    }

    /// <summary>A text that was not there before.</summary>
    public string Fresh() => "f" + (++_fresh).ToString(CultureInfo.InvariantCulture);

    /// <summary>The template with a thing in each <c>&lt;kind&gt;</c>.</summary>
    public string Fill(string template) => Kind().Replace(template, match => match.Groups[1].Value switch
    {
        "n" => Fresh(),
        "any" => HostileJson.Pick(random),
        var kind => JsonEncodedText.Encode(Of(kind)).ToString(),
    });

    /// <summary>Remembers what an answer names.</summary>
    public void Learn(string answer)
    {
        foreach (Match match in Named().Matches(answer[..Math.Min(answer.Length, 100_000)]))
        {
            var kind = match.Groups[1].Value switch
            {
                "room_id" => "roomId",
                "event_id" => "eventId",
                "filter_id" => "filterId",
                "next_batch" => "token",
                "device_id" => "deviceId",
                "content_uri" => "mediaId",
                var name => name,
            };
            Add(kind, match.Groups[2].Value[(match.Groups[2].Value.LastIndexOf('/') + 1)..]);
        }
    }

    [GeneratedRegex("<(\\w+)>")]
    private static partial Regex Kind();

    [GeneratedRegex("\"(room_id|event_id|filter_id|next_batch|device_id|session|version|content_uri|refresh_token)\":\"([^\"\\\\]{1,255})\"")]
    private static partial Regex Named();
}
