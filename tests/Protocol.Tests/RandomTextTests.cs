namespace OrleansMatrix.Protocol.Tests;

public class RandomTextTests
{
    private sealed class CountingRandom : IRandom
    {
        private byte _next;

        public void Fill(Span<byte> buffer)
        {
            foreach (ref var b in buffer)
                b = _next++;
        }
    }

    [Fact]
    public void Every_character_is_equally_likely()
    {
        // 256 consecutive bytes hold each value once; those that would favour some characters are dropped.
        var counts = RandomText.Base62(new CountingRandom(), 62 * 4).CountBy(c => c).ToDictionary();
        Assert.Equal(62, counts.Count);
        Assert.All(counts.Values, count => Assert.Equal(4, count));
    }

    [Fact]
    public void Tokens_have_the_asked_length_and_differ()
    {
        var random = new SystemRandom();
        Assert.Equal("", RandomText.Base62(random, 0));
        Assert.Equal(200, RandomText.Lowercase(random, 200).Length);
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => RandomText.Token(random)).Distinct().Count());
    }
}
