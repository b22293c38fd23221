using System.Net.Http.Headers;
using System.Text;

namespace OrleansMatrix.Gateway.Tests.Admin;

/// <summary>Orleans' dashboard (silo/Dashboard.cs).</summary>
public class DashboardTests
{
    [Fact]
    public async Task The_dashboard_is_for_administrators()
    {
        await using var server = await TestServer.StartAsync("Dashboard:Enabled=true", "Registration:SharedSecret=secret");
        var alice = await server.RegisterAsync("alice");
        Assert.Equal(401, await StatusAsync(server, "/admin/orleans/", null));
        Assert.Equal(401, await StatusAsync(server, "/admin/orleans/", "nonsense"));
        Assert.Equal(401, await StatusAsync(server, "/admin/orleans/DashboardCounters", alice.Token));
        var grains = (IGrainFactory)server.App.Services.GetService(typeof(IGrainFactory))!;
        Assert.True((await grains.GetGrain<Grains.Abstractions.Account.IAccountGrain>(alice.Id).SetAdmin(true)).Ok);
        Assert.Equal(200, await StatusAsync(server, "/admin/orleans/", alice.Token));
        Assert.Equal(200, await StatusAsync(server, "/admin/orleans/DashboardCounters", alice.Token));
    }

    [Fact]
    public async Task It_is_off_unless_it_is_wanted()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(404, await StatusAsync(server, "/admin/orleans/", null));
    }

    private static async Task<int> StatusAsync(TestServer server, string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"admin:{token}")));
        using var response = await server.Http.SendAsync(request);
        return (int)response.StatusCode;
    }
}
