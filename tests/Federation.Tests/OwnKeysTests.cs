using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Federation.Tests;

public sealed class OwnKeysTests
{
    private static readonly SigningKey s_first = SigningKey.Generate(new SeededRandom(1));
    private static readonly SigningKey s_second = SigningKey.Generate(new SeededRandom(2));
    private static readonly SigningKey s_third = SigningKey.Generate(new SeededRandom(3));

    private static readonly OwnKeys s_keys = new([Own(s_first, 0), Own(s_second, 100), Own(s_third, 200)]);

    [Fact]
    public void Each_key_signs_until_the_next_one_does()
    {
        Assert.Equal([s_first, s_first, s_second, s_second, s_third], new long[] { 0, 99, 100, 199, 200 }.Select(s_keys.At));
        Assert.Equal([s_first, s_second, s_third], s_keys.InUse(99));
        Assert.Equal([s_second, s_third], s_keys.InUse(100));
        Assert.Equal([s_third], s_keys.InUse(1000));
    }

    [Fact]
    public void A_former_key_is_old_from_when_the_next_one_signs()
    {
        Assert.Empty(s_keys.Old(99));
        Assert.Equal([(s_first.KeyId, 100L), (s_second.KeyId, 200L)], s_keys.Old(200).Select(static key => (key.Key.KeyId, key.ValidUntilTs)));
        Assert.All(s_keys.Old(200), static key => Assert.True(key.IsOld));
        Assert.Equal((false, true), (s_keys.Find(s_first.KeyId, 99)!.IsOld, s_keys.Find(s_first.KeyId, 100)!.IsOld));
        Assert.Null(s_keys.Find("ed25519:other", 100));
    }

    [Fact]
    public void Of_a_former_key_the_private_half_may_be_gone()
    {
        var keys = new OwnKeys([new OwnKey(s_first.VerifyKey, 0, null), Own(s_second, 100)]);
        Assert.Equal(s_second, keys.At(100));
        Assert.Throws<InvalidOperationException>(() => keys.At(99));
    }

    private static OwnKey Own(SigningKey key, long from) => new(key.VerifyKey, from, key);
}
