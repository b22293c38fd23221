using OrleansMatrix.Federation.Signing;

namespace OrleansMatrix.Federation.Tests;

public sealed class XMatrixHeaderTests
{
    [Theory]
    [InlineData("X-Matrix origin=\"a.example\",destination=\"b.example\",key=\"ed25519:k\",sig=\"S+/\"")]
    [InlineData("x-matrix   origin=a.example,destination=b.example,key=ed25519:k,sig=S+/")]
    [InlineData("X-Matrix ORIGIN=\"a.example\" , \tkey=\"ed25519:k\",Sig=\"S+/\",destination=\"b.exampl\\e\"")]
    [InlineData("X-Matrix origin=\"a.example\",destination=\"b.example\",key=\"ed25519:k\",sig=\"S+/\",other=\"x,y=z\"")]
    public void Every_form_that_the_specification_allows_is_read(string value) =>
        Assert.Equal(new XMatrixHeader("a.example", "b.example", "ed25519:k", "S+/"), XMatrixHeader.Parse(value));

    [Fact]
    public void An_old_server_may_leave_the_destination_out() =>
        Assert.Equal(new XMatrixHeader("a.example", null, "ed25519:k", "S"), XMatrixHeader.Parse("X-Matrix origin=a.example,key=\"ed25519:k\",sig=\"S\""));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("X-Matrix")]
    [InlineData("X-Matrix ")]
    [InlineData("Bearer origin=a.example,key=k,sig=s")]
    [InlineData("X-Matrixorigin=a.example,key=k,sig=s")]
    [InlineData("X-Matrix origin=\"a.example\",key=\"k\"")]
    [InlineData("X-Matrix origin=\"a.example,key=k,sig=s")]
    [InlineData("X-Matrix origin=\"a.example\\")]
    [InlineData("X-Matrix origin=\"a.example\"x,key=k,sig=s")]
    [InlineData("X-Matrix origin=\"not a name\",key=k,sig=s")]
    [InlineData("X-Matrix =\"a\"")]
    public void What_is_malformed_is_refused(string? value) => Assert.Null(XMatrixHeader.Parse(value));
}
