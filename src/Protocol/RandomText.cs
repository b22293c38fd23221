namespace OrleansMatrix.Protocol;

/// <summary>Random strings for opaque identifiers and tokens.</summary>
public static class RandomText
{
    private const string Base62Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const string LowercaseAlphabet = "abcdefghijklmnopqrstuvwxyz";
    private const string UppercaseAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// <summary>A string of <paramref name="length"/> characters from <c>[0-9A-Za-z]</c>, 5.95 bits each.</summary>
    public static string Base62(IRandom random, int length) => Create(random, length, Base62Alphabet);

    /// <summary>A string of <paramref name="length"/> characters from <c>[a-z]</c>, 4.7 bits each.</summary>
    public static string Lowercase(IRandom random, int length) => Create(random, length, LowercaseAlphabet);

    /// <summary>A string of <paramref name="length"/> characters from <c>[A-Z]</c>, 4.7 bits each.</summary>
    public static string Uppercase(IRandom random, int length) => Create(random, length, UppercaseAlphabet);

    /// <summary>A secret token with more than 256 bits of randomness.</summary>
    public static string Token(IRandom random) => Base62(random, 44);

    private static string Create(IRandom random, int length, string alphabet)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentNullException.ThrowIfNull(random);
        return string.Create(length, (random, alphabet), static (text, state) =>
        {
            // Bytes at or above the largest multiple of the alphabet's size are thrown away: no character is likelier.
            var limit = 256 / state.alphabet.Length * state.alphabet.Length;
            Span<byte> bytes = stackalloc byte[64];
            var used = bytes.Length;
            for (var i = 0; i < text.Length;)
            {
                if (used == bytes.Length)
                {
                    state.random.Fill(bytes);
                    used = 0;
                }

                var value = bytes[used++];
                if (value < limit)
                    text[i++] = state.alphabet[value % state.alphabet.Length];
            }
        });
    }
}
