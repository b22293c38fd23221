using System.Text;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Protocol.Tests.Errors;

public class MatrixErrorTests
{
    [Fact]
    public void An_error_is_written_with_its_extra_members()
    {
        var error = MatrixError.LimitExceeded(2000).With(w => w.WriteString("x", "y"));
        Assert.Equal(429, error.Status);
        Assert.Equal(
            """{"errcode":"M_LIMIT_EXCEEDED","error":"Too many requests","retry_after_ms":2000,"x":"y"}""",
            Encoding.UTF8.GetString(error.ToJson()));
    }

    [Fact]
    public void Soft_logout_is_told_only_when_it_applies()
    {
        Assert.DoesNotContain("soft_logout", Encoding.UTF8.GetString(MatrixError.UnknownToken(false).ToJson()), StringComparison.Ordinal);
        Assert.Contains("\"soft_logout\":true", Encoding.UTF8.GetString(MatrixError.UnknownToken(true).ToJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_holds_a_value_or_an_error()
    {
        Outcome<int> good = 7;
        Outcome<int> bad = MatrixError.NotFound();
        Assert.True(good.TryGet(out var value, out _));
        Assert.Equal(7, value);
        Assert.False(bad.TryGet(out _, out var error));
        Assert.Equal(ErrCodes.NotFound, error.ErrCode);
        Assert.Throws<InvalidOperationException>(() => bad.Value);
    }
}
