using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using OrleansMatrix.Federation;
using OrleansMatrix.Gateway.Admin;
using OrleansMatrix.Gateway.Client;
using OrleansMatrix.Gateway.Federation;
using OrleansMatrix.Gateway.Media;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Housekeeping;
using OrleansMatrix.Grains.Room.Policy;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Silo.Gateways;
using OrleansMatrix.Silo.Keys;

namespace OrleansMatrix.Silo;

/// <summary>Composes the server.</summary>
public static class MatrixServer
{
    private const int DefaultPort = 8008;

    // Of one that has something to write.
    private const int MemoryOfConnection = 32 * 1024;

    // Settings are read once: without this, files are watched for changes that nobody would see.
    private const string NoReload = "--hostBuilder:reloadConfigOnChange=false";

    // The rest of the ten seconds that a stop may take is for grains and storage.
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(6);

    /// <summary>Runs the server until it is told to stop; the process's exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            await using var app = Build(args);
            MemoryLimit.Apply(app.Services.GetRequiredService<MatrixSettings>().MemoryLimitBytes);
            await StartAsync(app);
            var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(MatrixServer).FullName!);
            Tell(app, app.Services.GetRequiredService<MatrixSettings>(), logger);
            var stopped = app.WaitForShutdownAsync();
            await SettledMemory.GiveBackAsync(stopped);
            await stopped;
            return 0;
        }
        catch (Exception fault) when (StartFault.Describe(fault) is { } line)
        {
            await Console.Error.WriteLineAsync(line);
            return 1;
        }
    }

    private static void Tell(WebApplication app, MatrixSettings settings, ILogger logger)
    {
        foreach (var section in settings.PassedOver)
            SiloLog.PassedOver(logger, section);
        if (settings.Cluster.Role == ClusterRole.Silo)
            return;
        foreach (var address in app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
            SiloLog.Listening(logger, address);
    }

    // Background services that are cut off by a start that fails have not failed.
    private static async Task StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
        }
        catch
        {
            app.Lifetime.StopApplication();
            throw;
        }
    }

    /// <summary>The whole server, not started. Tests replace services by <paramref name="configure"/>.</summary>
    /// <exception cref="SettingsException">A setting is wrong.</exception>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder([.. args, NoReload]);
        var settings = SettingsReader.Read(builder.Configuration);
        AddressCheck.Check(builder.Configuration);
        DataFolder.Create(settings);
        ConfigureHost(builder, settings);
        builder.Services
            .AddSingleton(settings)
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IRandom, SystemRandom>()
            .AddMatrixGateway()
            .AddSingleton<Health>();
        if (settings.Cluster.Role == ClusterRole.Gateway)
            GatewayHosting.Add(builder, settings);
        else
            AddSilo(builder, settings);
        Telemetry.Add(builder, settings.Telemetry);
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseForwardedHeaders();
        Telemetry.Use(app, settings.Telemetry);
        var health = app.Services.GetRequiredService<Health>();
        if (settings.Cluster.Role != ClusterRole.Silo)
            MapMatrix(app, settings);
        app.Use(next => context => Health.IsAsked(context.Request) ? health.AnswerAsync(context, next) : next(context));
        return app;
    }

    private static void AddSilo(WebApplicationBuilder builder, MatrixSettings settings)
    {
        if (settings.PolicyServer is { } policy)
            AddPolicyServer(builder.Services, policy);
        builder.Services
            .AddSingleton<SigningKeys>()
            .AddSingleton(static services => StorageFactory.Open(
                services.GetRequiredService<MatrixSettings>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILoggerFactory>()))
            .AddSingleton(static services =>
            {
                var keys = services.GetRequiredService<SigningKeys>();
                return new LocalServer(services.GetRequiredService<MatrixSettings>().ServerName, () => keys.Own, services.GetRequiredService<TimeProvider>());
            })
            .AddFederation(settings.AllowPrivateAddresses, new AllowedServers(settings.Federation.Allow, settings.Federation.Deny))
            .AddMatrixGrains()
            .AddSingleton<ICondition, SiloCondition>()
            .AddHostedService<StorageStartup>()
            .AddHostedService<SigningKeyWatch>();
        OrleansHosting.Add(builder, settings);
        builder.Services.AddHousekeeping();
    }

    private static void MapMatrix(WebApplication app, MatrixSettings settings)
    {
        Dashboard.Use(app, settings);
        app.UseMatrixGateway();
        app.Use(next => context => HomePage.IsAsked(context.Request) ? HomePage.AnswerAsync(context, settings) : next(context));
        app.Use(next => context => LimitsPage.IsAsked(context.Request) ? LimitsPage.AnswerAsync(context, settings) : next(context));
        app.MapClientEndpoints();
        app.MapMediaEndpoints();
        app.MapAdminEndpoints();
        app.MapFederationEndpoints();
    }

    // Made when a room first asks for it, and so with the key at hand.
    private static void AddPolicyServer(IServiceCollection services, PolicyServerSettings policy) =>
        services.AddSingleton(provider => new LocalPolicyServer(
            provider.GetRequiredService<MatrixSettings>().ServerName,
            provider.GetRequiredService<SigningKeys>().Policy,
            new PolicyRules(policy.DenyUsers, policy.DenyText, policy.MaxMentions),
            policy.EventsPerMinute,
            provider.GetRequiredService<TimeProvider>()));

    private static void ConfigureHost(WebApplicationBuilder builder, MatrixSettings settings)
    {
        LogLevels.AddDefaults(builder.Configuration);
        if (builder.Configuration["Logging:Console:FormatterName"] == ConsoleFormatterNames.Json)
            builder.Logging.AddJsonConsole();
        else
            builder.Logging.AddSimpleConsole(static options => options.SingleLine = true);
        builder.Services.Configure<HostOptions>(static options => options.ShutdownTimeout = s_drain);

        // A reverse proxy on this machine or in one of the networks may say whom it speaks for, and that one, if it is such a proxy, too.
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor;
            options.ForwardLimit = null;
            foreach (var network in settings.TrustedProxies)
                options.KnownIPNetworks.Add(network);
        });
        if (UsesTls(builder.Configuration))
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel((context, options) =>
        {
            options.AddServerHeader = false;

            // The endpoints hold their own limits; this one says how much of a refused body is read to its end.
            options.Limits.MaxRequestBodySize = EndpointOptions.DefaultMaxBody + EndpointOptions.DrainAllowance;
            options.Limits.MaxRequestBufferSize = 128 * 1024;
            options.Limits.MaxRequestLineSize = 16 * 1024;
            options.Limits.MaxRequestHeaderCount = 100;
            options.Limits.MaxConcurrentConnections = Math.Min(50_000, settings.MemoryLimitBytes / MemoryOfConnection);

            // Who reads more slowly keeps an answer in memory.
            options.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 2048, gracePeriod: TimeSpan.FromSeconds(10));
            var configured = context.Configuration["urls"] is not null || context.Configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();
            if (!configured)
                options.Listen(IPAddress.Loopback, DefaultPort);
        });
    }

    // Without TLS the start need not load it.
    private static bool UsesTls(ConfigurationManager configuration) =>
        configuration["https_ports"] is not null || IsHttps(configuration["urls"]) ||
        configuration.GetSection("Kestrel:Endpoints").GetChildren().Any(static endpoint => IsHttps(endpoint["Url"]));

    private static bool IsHttps(string? urls) => urls?.Contains("https:", StringComparison.OrdinalIgnoreCase) == true;
}
