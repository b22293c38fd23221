using OrleansMatrix.Gateway.Tests.Federation;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Push;

/// <summary>A server, a push gateway, and two users of whom Alice is told something by it.</summary>
public abstract class PushScene : IAsyncLifetime
{
    protected TestClock Clock { get; } = new(TimeProvider.System.GetUtcNow());

    protected FederatingServer Server { get; private set; } = null!;

    protected PushGateway Gateway { get; private set; } = null!;

    protected TestClient Alice { get; private set; } = null!;

    protected TestClient Bob { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Server = new FederatingServer { Clock = Clock };
        await Server.InitializeAsync();
        Gateway = await PushGateway.StartAsync();
        Alice = await Server.RegisterAsync("alice");
        Bob = await Server.RegisterAsync("bob");
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Gateway.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static async Task SetAsync(TestClient user, string pusher) => (await user.PostAsync("v3/pushers/set", pusher)).Ok();
}
