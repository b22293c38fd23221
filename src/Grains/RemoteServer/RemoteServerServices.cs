using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.Device;
using OrleansMatrix.Grains.Directory;
using OrleansMatrix.Grains.Media;
using OrleansMatrix.Grains.Room.Federation;
using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.RemoteServer;

/// <summary>What dealing with other servers needs; one per silo.</summary>
public sealed record RemoteServerServices(
    IStorage Storage, LocalServer Server, AllowedServers Policy, RemoteApi Api, TimeProvider Time, IRandom Random,
    ILogger<RemoteServerServices> Logger)
{
    /// <inheritdoc cref="JoinsUnderWay"/>
    public JoinsUnderWay Joins { get; } = new();

    /// <inheritdoc cref="AwayServers"/>
    public AwayServers Away { get; } = new(Time);

    /// <summary>Milliseconds since the epoch.</summary>
    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>Registers what the grains of this folder need.</summary>
public static class RemoteServerRegistration
{
    /// <summary>Makes the server federate.</summary>
    public static IServiceCollection AddRemoteServers(this IServiceCollection services) => services
        .AddRequestVerifier()
        .AddSingleton<CallerQueries>()
        .AddSingleton<RemoteApi>()
        .AddSingleton<RemoteServerServices>()
        .AddSingleton<IRemoteRooms, RemoteRooms>()
        .AddSingleton<IRemoteDirectory, RemoteDirectory>()
        .AddSingleton<IRemoteUserKeys, RemoteUserKeys>()
        .AddSingleton<IRemoteMedia, RemoteMedia>();

    /// <summary>Lets a process know who sent a request, a silo or not.</summary>
    public static IServiceCollection AddRequestVerifier(this IServiceCollection services) => services
        .AddSingleton<IServerKeyRing, ServerKeyRing>()
        .AddSingleton<IRequestVerifier, RequestVerifier>();
}
