namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>Whose address a request counts for behind proxies (<c>Matrix:TrustedProxies</c>), seen by who may read <c>/metrics</c>.</summary>
public class TrustedProxiesTests
{
    [Theory]
    [InlineData("192.0.2.7", 200)]
    [InlineData("192.0.2.7, 10.1.2.3", 200)]
    [InlineData("192.0.2.7, 10.1.2.3, 10.3.2.1", 200)]
    [InlineData("192.0.2.7, 203.0.113.5", 404)]
    [InlineData("192.0.2.7, 203.0.113.5, 10.1.2.3", 404)]
    public async Task An_address_is_believed_from_a_trusted_proxy_only(string forwardedFor, int status)
    {
        await using var server = await TestServer.StartAsync(
            "Telemetry:Metrics=true", "Telemetry:MetricsAllow:0=192.0.2.0/24", "TrustedProxies:0=10.0.0.0/8");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }
}
