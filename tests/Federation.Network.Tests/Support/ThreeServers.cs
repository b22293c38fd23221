namespace OrleansMatrix.Federation.Network.Tests.Support;

/// <summary>Three servers on one network, as a class fixture.</summary>
public sealed class ThreeServers : IAsyncLifetime
{
    public ThreeServers() => All = [new NetworkServer(Network, "one.test"), new NetworkServer(Network, "two.test"), new NetworkServer(Network, "three.test")];

    public TestNetwork Network { get; } = new();

    public IReadOnlyList<NetworkServer> All { get; }

    public NetworkServer One => All[0];

    public NetworkServer Two => All[1];

    public NetworkServer Three => All[2];

    public async ValueTask InitializeAsync() => await Task.WhenAll(All.Select(s => s.InitializeAsync().AsTask()));

    public async ValueTask DisposeAsync() => await Task.WhenAll(All.Select(s => s.DisposeAsync().AsTask()));
}
