using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansMatrix.Grains.Room.Reading;
using OrleansMatrix.Grains.Room.State;
using OrleansMatrix.Grains.User;
using OrleansMatrix.Grains.User.Changes;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains;

/// <summary>Registers what the reading grains need. Wants <see cref="IStorage"/> and <see cref="TimeProvider"/> registered.</summary>
public static class ReadSideServices
{
    public static IServiceCollection AddReadSide(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => new StateNodeCache(provider.GetRequiredService<IStorage>().StateNodes));
        return services
            .AddSingleton<ReadServices>()
            .AddSingleton(provider => new ChangeHub(provider.GetRequiredService<IStorage>().Feed))
            .AddSingleton<NeighbourSignals>()
            .AddSingleton<UserServices>();
    }
}
