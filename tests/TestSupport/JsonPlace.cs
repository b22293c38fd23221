using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.TestSupport;

/// <summary>
/// A value within a JSON text, which can be replaced by text of any kind: also by what no JSON writer would write, such as a number beyond a double, half a
/// surrogate pair, or a member twice.
/// </summary>
/// <param name="Path">The names of the members that lead there; <c>[]</c> for an element of a list. Empty for the whole.</param>
/// <param name="Start">Where the value begins, in bytes.</param>
/// <param name="End">Where it ends.</param>
/// <param name="MemberStart">Where its member's name begins; the same as <paramref name="Start"/> in a list.</param>
public sealed record JsonPlace(string Path, int Start, int End, int MemberStart)
{
    private const int MaxDepth = 100_000;

    /// <summary>All values of a text, the whole first.</summary>
    public static IReadOnlyList<JsonPlace> Of(string json)
    {
        var reader = JsonText.Reader(Encoding.UTF8.GetBytes(json), MaxDepth);
        var places = new List<JsonPlace>();
        var open = new Stack<int>();
        var (member, name) = (-1, "");
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    (member, name) = ((int)reader.TokenStartIndex, Encoding.UTF8.GetString(reader.ValueSpan));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    var opened = open.Pop();
                    places[opened] = places[opened] with { End = (int)reader.BytesConsumed };
                    break;
                default:
                    var start = (int)reader.TokenStartIndex;
                    var parent = open.TryPeek(out var above) ? places[above].Path : null;
                    var path = parent is null ? "" : $"{parent}{(parent.Length > 0 ? "." : "")}{(member < 0 ? "[]" : name)}";
                    places.Add(new JsonPlace(path, start, (int)reader.BytesConsumed, member < 0 ? start : member));
                    if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                        open.Push(places.Count - 1);
                    member = -1;
                    break;
            }
        }

        return places;
    }

    /// <summary>The text with another value here.</summary>
    public string Replace(string json, string value) => Cut(json, Start, value, End);

    /// <summary>The text with the member or element twice.</summary>
    public string Repeat(string json)
    {
        var once = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(json).AsSpan(MemberStart..End));
        return Path.Length == 0 ? json : Cut(json, MemberStart, once + "," + once, End);
    }

    /// <summary>The text without the member or element; without its value if it is the whole.</summary>
    public string Remove(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var (start, end) = (MemberStart, End);
        while (end < bytes.Length && char.IsWhiteSpace((char)bytes[end]))
            end++;
        if (end < bytes.Length && bytes[end] == ',')
            return Cut(json, start, "", end + 1);
        while (start > 0 && char.IsWhiteSpace((char)bytes[start - 1]))
            start--;
        return Cut(json, start > 0 && bytes[start - 1] == ',' ? start - 1 : start, "", End);
    }

    private static string Cut(string json, int start, string between, int end)
    {
        var bytes = Encoding.UTF8.GetBytes(json).AsSpan();
        return Encoding.UTF8.GetString(bytes[..start]) + between + Encoding.UTF8.GetString(bytes[end..]);
    }
}
