using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.TestingHost;
using OrleansMatrix.Federation;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Gateway.Tests.Support;
using OrleansMatrix.Grains;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Room;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;
using OrleansMatrix.Storage.Sqlite;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>A gateway on one of two silos, the other one of which is killed in the midst of a call: whoever asked notices nothing but a delay.</summary>
public sealed class KilledSiloTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private IStorage _storage = null!;
    private InProcessTestCluster _cluster = null!;
    private Gateway _gateway = null!;
    private volatile HeldCall? _held;

    public async ValueTask InitializeAsync()
    {
        _storage = SqliteStorage.Open(_folder.File("cluster.db"), TimeProvider.System, NullLoggerFactory.Instance);
        await _storage.MigrateAsync(TestContext.Current.CancellationToken);
        var builder = new InProcessTestClusterBuilder(2);
        builder.Options.ConfigureFileLogging = false;
        var name = ServerName.Parse(MatrixTestServer.ServerName);
        var key = SigningKey.FromSeed("1", new byte[32]);
        _cluster = builder
            .ConfigureSilo((_, silo) => silo.UseStoredPersistence().AddIncomingGrainCallFilter(call => _held?.RunAsync(call) ?? call.Invoke()))
            .ConfigureSiloHost((_, host) => host.Services
                .AddSingleton(TimeProvider.System)
                .AddSingleton(new MatrixSettings
                {
                    ServerName = name,
                    DataDirectory = _folder.Path,
                    Registration = new RegistrationSettings { Enabled = true },
                })
                .AddSingleton<IRandom, SystemRandom>()
                .AddSingleton(_storage)
                .AddSingleton(new LocalServer(name, key))
                .Configure<PasswordHasherOptions>(static options => options.IterationCount = 1)
                .AddFederation(allowPrivateAddresses: false, AllowedServers.Open)
                .AddMatrixGrains())
            .Build();
        await _cluster.DeployAsync();
        _gateway = new Gateway(_cluster.Silos[0].ServiceProvider.GetRequiredService<IGrainFactory>(), _storage);
        await _gateway.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _cluster.DisposeAsync();
        await _storage.DisposeAsync();
        _folder.Dispose();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(nameof(IRoomGrain.Send), true)]
    [InlineData(nameof(IRoomGrain.Send), false)]
    [InlineData(nameof(IAccountGrain.Authenticate), true)]
    public async Task A_message_is_sent_once_though_the_silo_dies_that_works_on_it(string method, bool isBefore)
    {
        var (user, room) = await OnOtherSiloAsync(method == nameof(IAccountGrain.Authenticate));
        var first = await user.SendTextAsync(room, "first", "1");

        // So that the account is asked.
        _gateway.Services.GetRequiredService<SessionCache>().Forget(user.UserId);
        _held = new HeldCall(method, isBefore);
        var sending = user.SendTextAsync(room, "second", "2");
        await KillAsync(await _held.At);
        var second = await sending;
        Assert.Equal(second, await user.SendTextAsync(room, "second", "2"));
        var page = (await user.GetAsync($"v3/rooms/{Uri.EscapeDataString(room)}/messages?dir=f&limit=100")).Ok();
        Assert.Equal([first, second], page["chunk"]!.AsArray().Where(e => e!["type"]!.GetValue<string>() == "m.room.message")
            .Select(e => e!["event_id"]!.GetValue<string>()));
    }

    [Fact(Timeout = 120_000)]
    public async Task Who_posts_to_a_silo_that_dies_is_told_to_come_again()
    {
        var (user, room) = await OnOtherSiloAsync(isAccount: false);
        _held = new HeldCall(nameof(IRoomGrain.ChangeMembership), IsBefore: true);
        var path = $"v3/rooms/{Uri.EscapeDataString(room)}/leave";
        var leaving = user.PostAsync(path);
        await KillAsync(await _held.At);
        (await leaving).Fails(503, "M_UNKNOWN");
        (await user.PostAsync(path)).Ok();
    }

    /// <summary>A user with a room: the account's grain, or the room's, is on the silo that has no gateway.</summary>
    private async Task<(TestClient User, string Room)> OnOtherSiloAsync(bool isAccount)
    {
        while (true)
        {
            var user = await _gateway.RegisterAsync();
            var room = await user.CreateRoomAsync();
            IAddressable grain = isAccount ? _cluster.Client.GetGrain<IAccountGrain>(user.UserId) : _cluster.Client.GetGrain<IRoomGrain>(room);
            if (_cluster.TryGetGrainContext(grain.GetGrainId(), out var context) && context.Address.SiloAddress!.Equals(_cluster.Silos[1].SiloAddress))
                return (user, room);
        }
    }

    private Task KillAsync(SiloAddress silo)
    {
        Assert.Equal(_cluster.Silos[1].SiloAddress, silo);
        return _cluster.KillSiloAsync(_cluster.Silos[1]);
    }

    /// <summary>A call that never ends, before or after it is run; those that follow it do.</summary>
    private sealed record HeldCall(string Method, bool IsBefore)
    {
        private readonly TaskCompletionSource<SiloAddress> _at = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Where it is.</summary>
        public Task<SiloAddress> At => _at.Task;

        public async Task RunAsync(IIncomingGrainCallContext call)
        {
            if (call.MethodName != Method || _at.Task.IsCompleted)
            {
                await call.Invoke();
                return;
            }

            if (!IsBefore)
                await call.Invoke();
            if (_at.TrySetResult(call.TargetContext.Address.SiloAddress!))
                await Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A server whose gateway asks the silos of another cluster.</summary>
    private sealed class Gateway(IGrainFactory grains, IStorage storage) : MatrixTestServer
    {
        protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton(grains).AddSingleton(storage);
    }
}
