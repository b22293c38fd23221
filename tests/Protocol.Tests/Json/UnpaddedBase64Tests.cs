using System.Text;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Tests.Json;

public class UnpaddedBase64Tests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("f", "Zg")]
    [InlineData("fo", "Zm8")]
    [InlineData("foo", "Zm9v")]
    [InlineData("foob", "Zm9vYg")]
    [InlineData("fooba", "Zm9vYmE")]
    [InlineData("foobar", "Zm9vYmFy")]
    public void The_examples_of_the_appendices_hold(string text, string base64)
    {
        Assert.Equal(base64, UnpaddedBase64.Encode(Encoding.ASCII.GetBytes(text)));
        Assert.True(UnpaddedBase64.TryDecode(base64, out var decoded));
        Assert.Equal(text, Encoding.ASCII.GetString(decoded));
        Assert.True(UnpaddedBase64.TryDecode(Convert.ToBase64String(Encoding.ASCII.GetBytes(text)), out decoded));
        Assert.Equal(text, Encoding.ASCII.GetString(decoded));
    }

    [Fact]
    public void Both_alphabets_are_read()
    {
        byte[] bytes = [0xFB, 0xFF, 0xBF];
        Assert.Equal("+/+/", UnpaddedBase64.Encode(bytes));
        Assert.Equal("-_-_", UnpaddedBase64.EncodeUrlSafe(bytes));
        Assert.True(UnpaddedBase64.TryDecode("+/-_", out var decoded));
        Assert.Equal(bytes, decoded);
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AAAAA")]
    [InlineData("AA AA")]
    [InlineData("AA\n")]
    [InlineData("AA=")]
    [InlineData("AAAA=")]
    [InlineData("AAA==")]
    [InlineData("====")]
    [InlineData("A=AA")]
    [InlineData("ÄÄÄÄ")]
    public void Anything_else_is_refused(string text) => Assert.False(UnpaddedBase64.TryDecode(text, out _));
}
