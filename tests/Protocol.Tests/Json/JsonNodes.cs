using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace OrleansMatrix.Protocol.Tests.Json;

/// <summary>A JSON value of the generated tests.</summary>
public abstract record JsonNodeModel;

public sealed record TextNode(string Value) : JsonNodeModel;

public sealed record IntegerNode(long Value) : JsonNodeModel;

public sealed record LiteralNode(string Value) : JsonNodeModel;

public sealed record ArrayNode(IReadOnlyList<JsonNodeModel> Items) : JsonNodeModel;

public sealed record ObjectNode(IReadOnlyList<KeyValuePair<string, JsonNodeModel>> Members) : JsonNodeModel;

/// <summary>Generates JSON values, writes them in any of their spellings, and slowly in the canonical one.</summary>
internal static class JsonNodes
{
    private static readonly string[] s_pieces =
    [
        "a", "b", "z", "A", "0", "_", ".", " ", "\"", "\\", "/", "\b", "\t", "\n", "\f", "\r", "\0", "\u0001", "\u001f", "!", "#", "[", "]",
        "{", "}", ":", ",", "\u007f", "\u0080", "é", "ß", "\u2028", "日本", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0001F600", "\U0010FFFF",
    ];

    private static readonly Gen<string> s_text =
        Gen.Elements(s_pieces).ListOf().Select(pieces => string.Concat(pieces.Take(6)));

    private static readonly Gen<JsonNodeModel> s_leaf = Gen.OneOf(
        s_text.Select(JsonNodeModel (t) => new TextNode(t)),
        Gen.Choose(-1000, 1000).Select(JsonNodeModel (n) => new IntegerNode(n)),
        Gen.Elements(-9007199254740991L, 9007199254740991L, 0L, 999999999999999L, -1000000000000000L).Select(JsonNodeModel (n) => new IntegerNode(n)),
        Gen.Elements("true", "false", "null").Select(JsonNodeModel (l) => new LiteralNode(l)));

    private static Gen<JsonNodeModel> Node(int size) => size <= 0
        ? s_leaf
        : Gen.OneOf(
            s_leaf,
            Node(size / 2).ListOf().Select(JsonNodeModel (items) => new ArrayNode([.. items.Take(4)])),
            ObjectOf(size / 2).Select(JsonNodeModel (o) => o));

    private static Gen<ObjectNode> ObjectOf(int size) =>
        s_text.Zip(Node(size)).ListOf().Select(members => new ObjectNode(
            [.. members.Take(6).DistinctBy(m => m.Item1).Select(m => KeyValuePair.Create(m.Item1, m.Item2))]));

    public static Arbitrary<JsonNodeModel> Values { get; } = Gen.Sized(size => Node(Math.Min(size, 30))).ToArbitrary();

    public static Arbitrary<ObjectNode> Objects { get; } = Gen.Sized(size => ObjectOf(Math.Min(size, 20))).ToArbitrary();

    /// <summary>The model of a parsed value.</summary>
    public static JsonNodeModel FromElement(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => new TextNode(element.GetString()!),
        JsonValueKind.Number => new IntegerNode(element.GetInt64()),
        JsonValueKind.Array => new ArrayNode([.. element.EnumerateArray().Select(FromElement)]),
        JsonValueKind.Object => new ObjectNode([.. element.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, FromElement(m.Value)))]),
        _ => new LiteralNode(element.GetRawText()),
    };

    /// <summary>One of the many spellings of a value: any member order, white space and escapes.</summary>
    public static string Spell(JsonNodeModel node, Random random)
    {
        var text = new StringBuilder();
        Spell(node, random, text);
        return text.ToString();
    }

    /// <summary>The canonical spelling, as directly as the appendices define it.</summary>
    public static string Canonical(JsonNodeModel node) => node switch
    {
        TextNode text => Quote(text.Value),
        IntegerNode integer => integer.Value.ToString(CultureInfo.InvariantCulture),
        LiteralNode literal => literal.Value,
        ArrayNode array => $"[{string.Join(',', array.Items.Select(Canonical))}]",
        ObjectNode obj => $"{{{string.Join(',', obj.Members
            .OrderBy(m => m.Key.EnumerateRunes().Select(r => r.Value).ToArray(), Comparer<int[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y)))
            .Select(m => $"{Quote(m.Key)}:{Canonical(m.Value)}"))}}}",
        _ => throw new ArgumentOutOfRangeException(nameof(node)),
    };

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\b' => "\\b",
                '\t' => "\\t",
                '\n' => "\\n",
                '\f' => "\\f",
                '\r' => "\\r",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    private static void Spell(JsonNodeModel node, Random random, StringBuilder text)
    {
        Space(random, text);
        switch (node)
        {
            case TextNode value:
                SpellText(value.Value, random, text);
                break;
            case IntegerNode { Value: 0 } when random.Next(2) == 0:
                text.Append("-0");
                break;
            case ArrayNode array:
                SpellList('[', array.Items, (item, t) => Spell(item, random, t), ']', random, text);
                break;
            case ObjectNode obj:
                var members = obj.Members.ToArray();
                random.Shuffle(members);
                SpellList('{', members, (member, t) => SpellMember(member, random, t), '}', random, text);
                break;
            default:
                text.Append(Canonical(node));
                break;
        }

        Space(random, text);
    }

    private static void SpellMember(KeyValuePair<string, JsonNodeModel> member, Random random, StringBuilder text)
    {
        Space(random, text);
        SpellText(member.Key, random, text);
        Space(random, text);
        text.Append(':');
        Spell(member.Value, random, text);
    }

    private static void SpellList<T>(
        char open, IReadOnlyList<T> items, Action<T, StringBuilder> spell, char close, Random random, StringBuilder text)
    {
        text.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                text.Append(',');
            spell(items[i], text);
        }

        if (items.Count == 0)
            Space(random, text);
        text.Append(close);
    }

    private static void SpellText(string value, Random random, StringBuilder text)
    {
        text.Append('"');
        foreach (var rune in value.EnumerateRunes())
        {
            var character = rune.ToString();
            if (random.Next(4) == 0)
            {
                foreach (var unit in character)
                    text.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
            }
            else if (character == "/" && random.Next(2) == 0)
            {
                text.Append("\\/");
            }
            else
            {
                text.Append(Quote(character).AsSpan(1..^1));
            }
        }

        text.Append('"');
    }

    private static void Space(Random random, StringBuilder text)
    {
        if (random.Next(4) == 0)
            text.Append(" \t\r\n"[random.Next(4)]);
    }
}
