using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Account;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Grains.Directory;
using OrleansMatrix.Grains.Media;
using OrleansMatrix.Grains.Push;
using OrleansMatrix.Grains.RemoteServer;
using OrleansMatrix.Grains.Room;
using OrleansMatrix.Grains.Room.Importing;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Grains.User;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains;

/// <summary>The services that grains share within a silo.</summary>
public static class GrainServices
{
    /// <summary>
    /// Registers them; storage, settings, this server's identity, time, randomness and the federation's clients come from the silo, before or after.
    /// </summary>
    public static IServiceCollection AddMatrixGrains(this IServiceCollection services) => services
        .AddContracts()
        .AddOrleansClocks()
        .Configure<PasswordHasherOptions>(static options => options.IterationCount = Passwords.Iterations)
        .AddSingleton<Passwords>()
        .AddGrainService<SessionService>()
        .AddSingleton<RememberedSessions>()
        .AddSingleton<RoomFills>()
        .AddSingleton(static provider => ActivatorUtilities.CreateInstance<RoomServices>(provider) with
        {
            DefaultRoomVersion = provider.GetRequiredService<MatrixSettings>().DefaultRoomVersion,
        })
        .AddSingleton<ReadServices>()
        .AddSingleton<LargeAnswers>()
        .AddSingleton<PushSignals>()
        .AddSingleton<UserServices>()
        .AddSingleton<CurrentState>()
        .AddSingleton<SharedRooms>()
        .AddSingleton<InboxTrimmer>()
        .AddSingleton<NeighbourSignals>()
        .AddSingleton(static provider => new StateNodeCache(provider.GetRequiredService<IStorage>().StateNodes))
        .AddSingleton(static provider => new ChangeHub(provider.GetRequiredService<IStorage>().Feed))
        .AddMedia()
        .AddRemoteServers();

    /// <summary>
    /// Registers what a gateway that is no silo has of them. Settings, this server's name, time, randomness and the servers to talk to come from the process.
    /// </summary>
    public static IServiceCollection AddMatrixGrainsOfSilos(this IServiceCollection services) => services
        .AddContracts()
        .AddOrleansClocks()
        .AddRequestVerifier()
        .AddMediaOfSilos();

    /// <summary>
    /// Grains and their timers go by the server's clock, which a test may hold still; what Orleans itself times (messages, membership, idle activations) goes
    /// by the real one.
    /// </summary>
    private static IServiceCollection AddOrleansClocks(this IServiceCollection services) => services
        .AddKeyedSingleton(KeyedService.AnyKey, TimeProvider.System)
        .AddKeyedSingleton(TimeProviderNames.Grains, static (provider, _) => provider.GetRequiredService<TimeProvider>());
}
