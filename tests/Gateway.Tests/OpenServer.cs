namespace OrleansMatrix.Gateway.Tests;

/// <summary>A server shared by the tests of a class, where anybody may register.</summary>
public sealed class OpenServer : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
