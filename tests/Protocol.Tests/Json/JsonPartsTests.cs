using System.Text;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Tests.Json;

public class JsonPartsTests
{
    private static readonly string s_deep = new string('[', 3000) + new string(']', 3000);

    public static TheoryData<string> Poison => new(s_deep, "1e400", "\"\\ud800\"", "{\"\\udc00\":1}", $"{{\"a\":{s_deep}}}");

    private static string Readable(string json, int levels, out int faults) =>
        Encoding.UTF8.GetString(JsonParts.Readable(Encoding.UTF8.GetBytes(json), levels, out faults).Span);

    [Theory]
    [MemberData(nameof(Poison))]
    public void An_item_that_cannot_be_read_is_left_out_and_the_others_stay_as_they_are(string poison)
    {
        Assert.Equal("{\"pdus\":[{\"a\": 1},2],\"edus\":[]}", Readable($"{{\"pdus\":[{{\"a\": 1}}, {poison} ,2],\"edus\":[{poison}]}}", 1, out var faults));
        Assert.Equal(2, faults);
    }

    [Theory]
    [MemberData(nameof(Poison))]
    public void A_member_is_left_out_as_deep_as_is_asked_for(string poison)
    {
        var json = $"{{\"device_keys\":{{\"@a:x\":{{\"A\":{{\"keys\":{poison}}},\"B\":{{}}}},\"@b:x\":{{\"C\":{{}}}}}}}}";
        Assert.Equal("{\"device_keys\":{\"@a:x\":{\"B\":{}},\"@b:x\":{\"C\":{}}}}", Readable(json, 3, out var faults));
        Assert.Equal(1, faults);
        Assert.Equal("{\"device_keys\":{\"@b:x\":{\"C\":{}}}}", Readable(json, 2, out _));
        Assert.Equal("{}", Readable(json, 1, out _));
        Assert.Equal("", Readable(json, 0, out _));
    }

    [Theory]
    [MemberData(nameof(Poison))]
    public void Nothing_within_an_item_is_changed(string poison) =>
        Assert.Equal("{\"pdus\":[]}", Readable($"{{\"pdus\":[{{\"content\":{{\"a\":{poison}}}}}]}}", 5, out _));

    [Fact]
    public void What_can_be_read_comes_back_as_it_is()
    {
        var json = Encoding.UTF8.GetBytes(" {\"a\" : [1, {\"b\":null}] } ");
        Assert.True(JsonParts.Readable(json, 1, out var faults).Equals(json));
        Assert.Equal(0, faults);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"a\":[1}")]
    [InlineData("{\"a\":1e400}{}")]
    [InlineData("1e400")]
    public void Of_what_is_no_JSON_nothing_is_left(string json) => Assert.Equal("", Readable(json, 3, out _));

    [Fact]
    public void A_name_that_is_no_text_takes_its_value_with_it() => Assert.Equal("{\"b\":2}", Readable("{\"\\ud800\":1,\"b\":2}", 1, out _));
}
