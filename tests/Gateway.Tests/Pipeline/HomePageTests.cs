namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>What a person with a browser meets at the server's address.</summary>
public sealed class HomePageTests(OpenServer fixture) : IClassFixture<OpenServer>
{
    [Fact]
    public async Task The_root_says_what_this_is_and_how_to_connect()
    {
        using var response = await fixture.Server.Http.GetAsync("/");
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("default-src 'none'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        var html = await response.Content.ReadAsStringAsync();
        Assert.Contains("@alice:localhost", html, StringComparison.Ordinal);
        Assert.Contains(fixture.Server.Http.BaseAddress!.GetLeftPart(UriPartial.Authority), html, StringComparison.Ordinal);
        Assert.Contains("Anybody may register here", html, StringComparison.Ordinal);
    }
}
