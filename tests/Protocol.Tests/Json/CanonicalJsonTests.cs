using System.Text;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Tests.Json;

public class CanonicalJsonTests
{
    private static string Strict(string json) => Encoding.UTF8.GetString(CanonicalJson.Encode(Encoding.UTF8.GetBytes(json)).Value);

    private static string Lenient(string json) =>
        Encoding.UTF8.GetString(CanonicalJson.Encode(Encoding.UTF8.GetBytes(json), CanonicalJsonMode.Lenient).Value);

    private static string? Refusal(string json, CanonicalJsonMode mode) =>
        CanonicalJson.Encode(Encoding.UTF8.GetBytes(json), mode).Error?.ErrCode;

    [Theory]
    [InlineData("9007199254740991")]
    [InlineData("-9007199254740991")]
    [InlineData("0")]
    public void Integers_in_range_pass(string number) => Assert.Equal(number, Strict(number));

    [Theory]
    [InlineData("9007199254740992")]
    [InlineData("-9007199254740992")]
    [InlineData("18446744073709551616")]
    [InlineData("100000000000000000000000000000000000")]
    public void Integers_out_of_range_pass_only_in_old_room_versions(string number)
    {
        Assert.Equal(ErrCodes.BadJson, Refusal(number, CanonicalJsonMode.Strict));
        Assert.Equal(number, Lenient(number));
    }

    [Theory]
    [InlineData("1.1", "1.1")]
    [InlineData("50.57", "50.57")]
    [InlineData("1.0", "1.0")]
    [InlineData("-0.0", "-0.0")]
    [InlineData("1e10", "10000000000")]
    [InlineData("1E2", "100")]
    [InlineData("-1e2", "-100")]
    [InlineData("0e5", "0")]
    [InlineData("1e-2", "0.01")]
    [InlineData("1e-4", "0.0001")]
    [InlineData("1e-5", "1e-05")]
    [InlineData("1e16", "1e+16")]
    [InlineData("1e15", "1000000000000000")]
    [InlineData("1.5e15", "1500000000000000.0")]
    [InlineData("1.5e16", "1.5e+16")]
    [InlineData("123456789.125", "123456789.125")]
    [InlineData("1e23", "1e+23")]
    [InlineData("5e-324", "5e-324")]
    [InlineData("1.7976931348623157e308", "1.7976931348623157e+308")]
    [InlineData("0.1e1", "1.0")]
    public void Floats_pass_only_in_old_room_versions(string number, string canonical)
    {
        Assert.Equal(ErrCodes.BadJson, Refusal(number, CanonicalJsonMode.Strict));
        Assert.Equal(canonical, Lenient(number));
    }

    [Fact]
    public void Negative_zero_becomes_zero() => Assert.Equal("[0]", Strict("[-0]"));

    [Fact]
    public void A_repeated_key_is_refused_or_its_last_value_counts()
    {
        const string Json = """{"b":1,"a":2,"\u0062":3,"c":4,"b":5}""";
        Assert.Equal(ErrCodes.BadJson, Refusal(Json, CanonicalJsonMode.Strict));
        Assert.Equal("""{"a":2,"b":5,"c":4}""", Lenient(Json));
        Assert.Equal("""{"a":2}""", Lenient("""{"a":1,"a":2}"""));
        Assert.Equal(ErrCodes.BadJson, Refusal("""{"a":1,"a":2}""", CanonicalJsonMode.Strict));
    }

    [Fact]
    public void Keys_are_sorted_by_code_point_and_not_by_UTF16_unit() =>
        Assert.Equal("{\"\\n\":1,\"A\":2,\"\\\\\":3,\"\uffff\":4,\"\U00010000\":5}", Strict("{\"\U00010000\":5,\"\uffff\":4,\"\\\\\":3,\"A\":2,\"\\n\":1}"));

    [Fact]
    public void A_key_sorts_before_the_keys_it_begins() =>
        Assert.Equal("""{"":0,"a":1,"a!":2,"ab":3}""", Strict("""{"ab":3,"a!":2,"a":1,"":0}"""));

    [Fact]
    public void Escapes_take_their_shortest_form() =>
        Assert.Equal("\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/é\U0001F600\u007f\"",
            Strict("\"\\u0000\\u0008\\u0009\\u000A\\u000B\\u000C\\u000D\\u001F\\u0022\\u005C\\/\\u00e9\\ud83d\\uDE00\\u007f\""));

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00\"")]
    [InlineData("\"\\ud800x\"")]
    [InlineData("\"\\ud800\\n\"")]
    [InlineData("\"\\ud800\\ud800\"")]
    [InlineData("{\"\\udfff\":1}")]
    public void A_lone_surrogate_has_no_canonical_form(string json)
    {
        Assert.Equal(ErrCodes.BadJson, Refusal(json, CanonicalJsonMode.Strict));
        Assert.Equal(ErrCodes.BadJson, Refusal(json, CanonicalJsonMode.Lenient));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("{")]
    [InlineData("}")]
    [InlineData("{}{}")]
    [InlineData("{} x")]
    [InlineData("[1,]")]
    [InlineData("[,1]")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\"}")]
    [InlineData("{\"a\":}")]
    [InlineData("{a:1}")]
    [InlineData("{'a':1}")]
    [InlineData("{1:1}")]
    [InlineData("[1 2]")]
    [InlineData("{\"a\":1 \"b\":2}")]
    [InlineData("01")]
    [InlineData("-")]
    [InlineData("+1")]
    [InlineData(".5")]
    [InlineData("1.")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("tru")]
    [InlineData("truex")]
    [InlineData("nul")]
    [InlineData("\"")]
    [InlineData("\"\\\"")]
    [InlineData("\"\\")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\u12\"")]
    [InlineData("\"\\u12g4\"")]
    [InlineData("\"\n\"")]
    [InlineData("\"\0\"")]
    [InlineData("[1]]")]
    [InlineData("\ufeff{}")]
    [InlineData("{}\0")]
    [InlineData("// c\n1")]
    public void What_is_not_JSON_is_refused(string text)
    {
        Assert.Equal(ErrCodes.NotJson, Refusal(text, CanonicalJsonMode.Strict));
        Assert.Equal(ErrCodes.NotJson, Refusal(text, CanonicalJsonMode.Lenient));
    }

    [Fact]
    public void Invalid_UTF8_is_refused()
    {
        foreach (var bytes in new byte[][] { [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22] })
            Assert.Equal(ErrCodes.NotJson, CanonicalJson.Encode(bytes).Error?.ErrCode);
    }

    [Fact]
    public void A_number_too_large_for_a_double_is_refused_everywhere()
    {
        Assert.Equal(ErrCodes.BadJson, Refusal("1e999", CanonicalJsonMode.Strict));
        Assert.Equal(ErrCodes.BadJson, Refusal("1e999", CanonicalJsonMode.Lenient));
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Nesting_is_bounded(string open, string close)
    {
        string Nested(int depth) => string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth));
        Assert.Equal(Nested(JsonText.MaxDepth), Strict(Nested(JsonText.MaxDepth)));
        Assert.Equal(ErrCodes.BadJson, Refusal(Nested(JsonText.MaxDepth + 1), CanonicalJsonMode.Strict));
        Assert.NotNull(Refusal(string.Concat(Enumerable.Repeat(open, 1_000_000)), CanonicalJsonMode.Lenient));
    }

    [Fact]
    public void Large_objects_are_sorted()
    {
        var numbers = Enumerable.Range(0, 5000).ToArray();
        new Random(1).Shuffle(numbers);
        var json = $"{{{string.Join(',', numbers.Select(n => $"\"k{n:0000}\":{n}"))}}}";
        Assert.Equal($"{{{string.Join(',', numbers.Order().Select(n => $"\"k{n:0000}\":{n}"))}}}", Strict(json));
    }
}
