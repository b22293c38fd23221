using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Federation.Tests;

public sealed class RequestSigningTests
{
    private static readonly ServerName Origin = ServerName.Parse("a.example"), Destination = ServerName.Parse("b.example:8449");
    private static readonly SigningKey Key = SigningKey.FromSeed("ed25519:1", new byte[32]);
    private static readonly byte[] Body = "{\"z\":1,\"a\":\"☃\"}"u8.ToArray();

    [Fact]
    public void A_signed_request_checks_whatever_the_order_of_its_members()
    {
        var header = XMatrixHeader.Parse(RequestSigning.Sign("PUT", "/_matrix/x?y=%2F", Origin, Destination, Body, Key).Value)!;
        Assert.Equal(Destination.Value, header.Destination);
        Assert.True(RequestSigning.IsSigned(header, "PUT", "/_matrix/x?y=%2F", Destination, Body, Key.VerifyKey));
        Assert.True(RequestSigning.IsSigned(header, "PUT", "/_matrix/x?y=%2F", Destination, "{ \"a\":\"\\u2603\", \"z\":1 }"u8.ToArray(), Key.VerifyKey));
    }

    [Theory]
    [InlineData("POST", "/_matrix/x", "b.example:8449", "{\"z\":1,\"a\":\"☃\"}")]
    [InlineData("PUT", "/_matrix/y", "b.example:8449", "{\"z\":1,\"a\":\"☃\"}")]
    [InlineData("PUT", "/_matrix/x", "c.example", "{\"z\":1,\"a\":\"☃\"}")]
    [InlineData("PUT", "/_matrix/x", "b.example:8449", "{\"z\":2,\"a\":\"☃\"}")]
    [InlineData("PUT", "/_matrix/x", "b.example:8449", "")]
    [InlineData("PUT", "/_matrix/x", "b.example:8449", "{\"z\"")]
    public void A_change_of_anything_signed_is_found(string method, string target, string self, string body)
    {
        var header = XMatrixHeader.Parse(RequestSigning.Sign("PUT", "/_matrix/x", Origin, Destination, Body, Key).Value)!;
        Assert.False(RequestSigning.IsSigned(header, method, target, ServerName.Parse(self), System.Text.Encoding.UTF8.GetBytes(body), Key.VerifyKey));
    }

    // S-S API, Request Authentication: the request as one object, signed as any other.
    [Theory]
    [InlineData("", "")]
    [InlineData("{ \"z\":1, \"a\":\"\\u2603\" }", "\"content\":{\"a\":\"☃\",\"z\":1},")]
    [InlineData("[]", "\"content\":[],")]
    public void What_is_signed_is_the_object_of_the_specification(string body, string content)
    {
        var header = XMatrixHeader.Parse(
            RequestSigning.Sign("PUT", "/_matrix/x?y=\"☃", Origin, Destination, System.Text.Encoding.UTF8.GetBytes(body), Key).Value)!;
        var signed = "{" + content + """
            "destination":"b.example:8449","method":"PUT","origin":"a.example","signatures":{"a.example":{"ed25519:1":"SIGNATURE"}},"uri":"/_matrix/x?y=\"☃"}
            """.Replace("SIGNATURE", header.Signature, StringComparison.Ordinal);
        Assert.Equal(SignatureCheck.Valid, SignedJson.Check(System.Text.Encoding.UTF8.GetBytes(signed), "a.example", _ => Key.VerifyKey));
    }

    [Fact]
    public void A_body_that_is_no_JSON_cannot_be_signed() =>
        Assert.Equal("M_NOT_JSON", RequestSigning.Sign("PUT", "/", Origin, Destination, "{"u8.ToArray(), Key).Error!.ErrCode);
}
