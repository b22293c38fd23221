using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Fuzz.Tests;

/// <summary>What the fuzzer makes can be made worse: a body that is spoilt may hold an event that was spoilt before.</summary>
public sealed class HostileJsonTests
{
    [Fact]
    public void A_spoilt_text_can_be_spoilt_again()
    {
        var random = new Random(1);
        var missing = 0;
        for (var i = 0; i < 2_000; i++)
        {
            var once = HostileJson.Spoil("""{"content":{"body":"b"},"prev_events":["$x"]}""", random);
            missing += once.Length == 0 ? 1 : 0;
            Assert.NotNull(HostileJson.Spoil(HostileJson.Spoil(once, random), random));
        }

        Assert.NotEqual(0, missing);
    }
}
