using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>What endpoints need from the process; resolved once, when they are mapped.</summary>
public sealed record GatewayServices(
    IGrainFactory Grains, MatrixSettings Settings, TimeProvider Time, IRandom Random, RateLimiter Limiter, RequestMemory Memory, Authenticator Authenticator,
    IRequestVerifier Verifier,
    Activity Activity, IHostApplicationLifetime Lifetime, ILogger<GatewayServices> Logger);
