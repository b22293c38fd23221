using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Embedded;

internal sealed class Activation : IGrainContext
{
    public static Activation? Current => null;
    public IGrainRuntime Runtime => throw new NotSupportedException();
    public GrainId GrainId => default;
    public GrainReference GrainReference => throw new NotSupportedException();
    public object? GrainInstance => null;
    public IServiceProvider ActivationServices => throw new NotSupportedException();
    public Task Deactivated => Task.CompletedTask;
    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default) { }
    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);
    public override bool Equals(object? obj) => ReferenceEquals(this, obj);
    public override int GetHashCode() => 0;
}

internal static class GrainTimer
{
    public static IGrainTimer Start<T>(IGrainBase grain, Func<T, CancellationToken, Task> callback, T state, GrainTimerCreationOptions options) =>
        throw new NotSupportedException($"{grain}{callback}{state}{options}");
}

internal sealed class ReferenceFactory
{
    public GrainReference Create(Type type, GrainId id) => throw new NotSupportedException($"{this}{type}{id}");
}

internal static class SiloServices
{
    public static ISiloBuilder Add(IServiceCollection services, IConfiguration configuration) => new Builder(services, configuration);
    public static IClientBuilder AddClient(IServiceCollection services, IConfiguration configuration) => new Builder(services, configuration);

    private sealed record Builder(IServiceCollection Services, IConfiguration Configuration) : ISiloBuilder, IClientBuilder;
}
