using OrleansMatrix.Federation.Network.Tests.Support;
using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Federation.Network.Tests.Schedules;

/// <summary>Three servers with an administrator of the rooms and two others on each.</summary>
public sealed class ScheduleServers : IAsyncLifetime
{
    private readonly ThreeServers _servers = new();

    public TestNetwork Network => _servers.Network;

    public IReadOnlyList<NetworkServer> All => _servers.All;

    /// <summary>By server; the first one is the administrator.</summary>
    public IReadOnlyList<IReadOnlyList<TestClient>> Users { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        await _servers.InitializeAsync();
        var users = new List<IReadOnlyList<TestClient>>();
        foreach (var server in All)
            users.Add([await server.RegisterAsync("admin"), await server.RegisterAsync("user"), await server.RegisterAsync("user")]);
        Users = users;
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();
}
