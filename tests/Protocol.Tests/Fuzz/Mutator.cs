using System.Text;

namespace OrleansMatrix.Protocol.Tests.Fuzz;

/// <summary>Makes broken variants of good input, always the same ones for a seed.</summary>
internal sealed class Mutator(int seed, IReadOnlyList<byte[]> corpus)
{
    private static readonly byte[][] s_tokens =
    [
        .. new[]
        {
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\\udc00", "\\u", "null", "true", "-", "-0", "1e999", "1.5", "9007199254740992",
            "99999999999999999999999999", "\"\":", "{\"a\":", "[[[[[[[[", "\"event_id\":", "\"signatures\":{", "\"content\":", "\0", " ", "\n", "/", "@", "$",
            "!",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x80],
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next variant: a piece of the corpus with up to eight changes.</summary>
    public byte[] Next()
    {
        var bytes = corpus[_random.Next(corpus.Count)].ToList();
        for (var changes = _random.Next(1, 9); changes > 0; changes--)
            Change(bytes);
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count + 1);
        var length = Math.Min(_random.Next(1, 20), bytes.Count - at);
        switch (_random.Next(7))
        {
            case 0 when at < bytes.Count:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2:
                bytes.InsertRange(_random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 3:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 4:
                var other = corpus[_random.Next(corpus.Count)];
                bytes.InsertRange(at, other.Take(_random.Next(other.Length)));
                break;
            case 5 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            default:
                bytes.InsertRange(at, s_tokens[_random.Next(s_tokens.Length)]);
                break;
        }
    }
}
