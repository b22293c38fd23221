using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.Room.Pipeline;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol.Signing;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Room;

/// <summary>Registers what rooms need.</summary>
public static class RoomRegistration
{
    /// <summary>Adds the services of rooms; storage, settings, signing key, time and randomness come from the silo.</summary>
    public static IServiceCollection AddRooms(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => new ServerIdentity(provider.GetRequiredService<MatrixSettings>().ServerName, provider.GetRequiredService<SigningKey>()));
        services.TryAddSingleton(provider => new StateNodeCache(provider.GetRequiredService<IStorage>().StateNodes));
        services.TryAddSingleton<IServerKeyRing, StoredKeyRing>();
        services.TryAddSingleton<IRemoteRooms, UnreachableRooms>();
        services.TryAddSingleton(static provider => ActivatorUtilities.CreateInstance<RoomServices>(provider) with
        {
            PolicyServer = provider.GetService<OwnPolicyServer>(),
            DefaultRoomVersion = provider.GetRequiredService<MatrixSettings>().DefaultRoomVersion,
        });
        return services;
    }
}
