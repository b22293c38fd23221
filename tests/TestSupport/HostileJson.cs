namespace OrleansMatrix.TestSupport;

/// <summary>JSON values that somebody who means harm puts in the place of others.</summary>
public static class HostileJson
{
    /// <summary>What has a wrong type, a wrong range or no meaning where it stands.</summary>
    public static IReadOnlyList<string> Values { get; } =
    [
        "null", "true", "[]", "{}", "0", "-0", "-1", "1.5", "9007199254740993", "9223372036854775808", "1e300", "1e400", new string('9', 400),
        "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\u202e\\ud83d\\ude00\"", "[[]]", "[null]", "[1,\"\"]", "{\"\":{}}", "{\"a\":1,\"a\":{}}", "\"x\"",
        "\"@a:b\"", "\"@:\"", "\"!x:y\"", "\"$x\"", "\"#:\"", "\"mxc://\"", "\"join\"", "\"m.room.create\"", "\"127.0.0.1:1\"", "\"..\"", Text(300),
        Text(70_000), Deep(60), Deep(75), Deep(97), Deep(101), Deep(128), Deep(5000),
    ];

    /// <summary>Lists in each other.</summary>
    public static string Deep(int levels) => new string('[', levels) + new string(']', levels);

    /// <summary>Objects in each other.</summary>
    public static string DeepObject(int levels) => string.Concat(Enumerable.Repeat("{\"a\":", levels - 1)) + "{}" + new string('}', levels - 1);

    /// <summary>A string of that length.</summary>
    public static string Text(int length) => $"\"{new string('z', length)}\"";

    /// <summary>One of the values, or a nesting near the limit of depth.</summary>
    public static string Pick(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return random.Next(4) switch
        {
            0 => Deep(random.Next(50, 130)),
            1 => DeepObject(random.Next(50, 130)),
            _ => Values[random.Next(Values.Count)],
        };
    }

    /// <summary>
    /// The text with one lie in it: a value that is another, is missing, or is there twice. A spoilt text may be spoilt again: of one that is missing altogether
    /// any value is made.
    /// </summary>
    public static string Spoil(string json, Random random)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(random);
        if (json.Length == 0)
            return Pick(random);
        var places = JsonPlace.Of(json);
        var place = places[random.Next(places.Count)];
        return random.Next(8) switch
        {
            0 => place.Remove(json),
            1 => place.Repeat(json),
            _ => place.Replace(json, Pick(random)),
        };
    }
}
