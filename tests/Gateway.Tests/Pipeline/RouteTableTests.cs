using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

public sealed class RouteTableTests
{
    private readonly RouteTable _table = new();

    public RouteTableTests()
    {
        Map("GET", "/a/{id}/state");
        Map("PUT", "/a/{id}/state/{type}/{key?}");
        Map("GET", "/a/{id}/{other}");
        Map("GET", "/a/fixed/{other}/end");
        Map("DELETE", "/a/{id}/state");
        Map("GET", "/slash/");
    }

    [Theory]
    [InlineData("GET", "/a/1/state", "/a/{id}/state")]
    [InlineData("GET", "/a/1/state/", "/a/{id}/state")]
    [InlineData("GET", "/slash/", "/slash/")]
    [InlineData("GET", "/slash", "/slash/")]
    [InlineData("GET", "/a/1/else", "/a/{id}/{other}")]
    [InlineData("GET", "/a/fixed/state", "/a/{id}/state")]
    [InlineData("GET", "/a/fixed/x/end", "/a/fixed/{other}/end")]
    [InlineData("PUT", "/a/fixed/state/t", "/a/{id}/state/{type}/{key?}")]
    [InlineData("PUT", "/a/1/state/t/", "/a/{id}/state/{type}/{key?}")]
    [InlineData("PUT", "/a/1/state/t/k", "/a/{id}/state/{type}/{key?}")]
    public void The_path_that_fits_best_is_found(string method, string path, string expected) =>
        Assert.Equal(expected, _table.Find(method, path, out _)?.Path);

    [Theory]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("/a/")]
    [InlineData("/a//state")]
    [InlineData("/A/1/state")]
    [InlineData("/a/1/state/t/k/more")]
    [InlineData("/a/1/state//")]
    [InlineData("")]
    public void Other_paths_are_not_there(string path)
    {
        Assert.Null(_table.Find("PUT", path, out var allowed));
        Assert.Empty(allowed);
    }

    [Fact]
    public void A_path_without_the_method_names_those_it_has()
    {
        Assert.Null(_table.Find("PATCH", "/a/1/state", out var allowed));
        Assert.Equal(["DELETE", "GET"], allowed.Order());
    }

    [Fact]
    public void A_method_and_path_is_mapped_once() => Assert.Throws<InvalidOperationException>(() => Map("GET", "/a/{name}/state"));

    private void Map(string method, string path) =>
        _table.Add(new MatrixEndpoint(method, path, static _ => ValueTask.FromResult(MatrixResponse.Empty), EndpointOptions.Anonymous, null!));
}
