using System.Text;
using System.Text.Json;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Tests.Json;

public class JsonTextTests
{
    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Nested(int depth, string open = "[", string close = "]", string inner = "1") =>
        string.Concat(Enumerable.Repeat(open, depth)) + inner + string.Concat(Enumerable.Repeat(close, depth));

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Depth_has_one_limit(string open, string close)
    {
        Assert.Null(JsonText.FindFault(Bytes(Nested(JsonText.MaxDepth, open, close))));
        Assert.Equal(ErrCodes.BadJson, JsonText.FindFault(Bytes(Nested(JsonText.MaxDepth + 1, open, close)))?.ErrCode);
        Assert.NotNull(JsonText.FindFault(Bytes(Nested(1_000_000, open, close))));
    }

    [Theory]
    [InlineData("1e400", false)]
    [InlineData("-1e400", false)]
    [InlineData("1.7976931348623157e308", true)]
    [InlineData("1e-400", true)]
    [InlineData("123456789012345678901234567890", true)]
    public void Numbers_have_one_range(string number, bool allowed)
    {
        Assert.Equal(allowed, JsonText.FindFault(Bytes($"{{\"a\":[{number}]}}")) is null);
        Assert.Equal(allowed, CanonicalJson.Encode(Bytes(number), CanonicalJsonMode.Lenient).Ok);
    }

    [Fact]
    public void An_integer_beyond_a_double_is_refused_however_it_is_written()
    {
        var number = new string('9', 400);
        Assert.NotNull(JsonText.FindFault(Bytes(number)));
        Assert.False(CanonicalJson.Encode(Bytes(number), CanonicalJsonMode.Lenient).Ok);
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00x\"")]
    [InlineData("{\"\\ud800\\n\":1}")]
    [InlineData("\"\\\\\\ud800\"")]
    public void A_lone_surrogate_is_refused(string json) => Assert.NotNull(JsonText.FindFault(Bytes(json)));

    [Theory]
    [InlineData("\"\\ud83d\\ude00\"")]
    [InlineData("\"\\\\ud800\"")]
    public void Whole_characters_pass(string json) => Assert.Null(JsonText.FindFault(Bytes(json)));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}x")]
    [InlineData("{}{}")]
    public void What_is_no_JSON_is_named_so(string json) => Assert.Equal(ErrCodes.NotJson, JsonText.FindFault(Bytes(json))?.ErrCode);

    [Fact]
    public void What_was_let_in_has_a_canonical_form()
    {
        foreach (var json in new[] { Nested(JsonText.MaxDepth), "[1e300,1.5,{\"b\":1,\"a\":2,\"b\":3}]", "\"\\ud83d\\ude00\"" })
        {
            Assert.Null(JsonText.FindFault(Bytes(json)));
            Assert.True(CanonicalJson.Encode(Bytes(json), CanonicalJsonMode.Lenient).Ok, json);
        }
    }

    [Fact]
    public void Inside_there_is_room_for_what_is_put_around()
    {
        var wrapped = Bytes(Nested(JsonText.MaxDepthInside));
        using var document = JsonText.Parse(wrapped);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            document.RootElement.WriteTo(writer);
            writer.WriteRaw(wrapped);
            writer.WriteEndArray();
        }

        Assert.Equal((2 * wrapped.Length) + 3, buffer.Length);
    }

    [Fact]
    public void A_signed_request_keeps_what_has_no_canonical_form_as_it_is()
    {
        string Verbatim(string json) => Encoding.UTF8.GetString(CanonicalJson.Encode(Bytes(json), CanonicalJsonMode.Verbatim).Value);
        Assert.Equal("{\"a\":1e400,\"b\":\"\\ud800x\",\"c\":2}", Verbatim("{ \"c\":2, \"b\":\"\\uD800x\", \"a\":1e400 }"));
        foreach (var depth in new[] { JsonText.MaxDepthInside + 1, 5000, 1_000_000 })
            Assert.Equal(Nested(depth), Verbatim(Nested(depth)));
        Assert.Equal(Verbatim("{\"a\":[1.5,\"\\u0041\"]}"), Encoding.UTF8.GetString(
            CanonicalJson.Encode(Bytes("{\"a\":[1.5,\"\\u0041\"]}"), CanonicalJsonMode.Lenient).Value));
        Assert.False(CanonicalJson.Encode(Bytes(Nested(5000) + "]"), CanonicalJsonMode.Verbatim).Ok);
        Assert.False(CanonicalJson.Encode(Bytes(Nested(5000, inner: "x")), CanonicalJsonMode.Verbatim).Ok);
    }
}
