using System.Net;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OrleansMatrix.Grains;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Storage.Sql;

namespace OrleansMatrix.Silo;

/// <summary>
/// What is seen from outside, by OpenTelemetry: <c>GET /metrics</c> for Prometheus, and, with <c>Matrix:Telemetry:OtlpEndpoint</c>, metrics, traces and logs
/// sent to a collector. A trace goes from the request through the grains to SQL.
/// </summary>
internal static class Telemetry
{
    private const string MetricsPath = "/metrics";
    private const string ServiceName = "orleansmatrix";

    // ASP.NET's and .NET's own, and Npgsql's, by the names that they state.
    private static readonly string[] s_meters =
    [
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Microsoft.Orleans", "Npgsql",
        GrainMetrics.MeterName, StorageTelemetry.Name,
    ];

    // Orleans takes calls of grains whose namespace begins as its own does for its own: Runtime has them.
    private static readonly string[] s_sources =
        ["Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime", "Microsoft.Orleans.Storage", "Npgsql", "System.Net.Http", StorageTelemetry.Name];

    /// <summary>Adds what the settings ask for; nothing, and at no cost, if that is nothing.</summary>
    public static void Add(WebApplicationBuilder builder, TelemetrySettings settings)
    {
        if (!settings.Metrics && settings.OtlpEndpoint is null)
            return;
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(static resource => resource.AddService(ServiceName));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(s_meters);
            if (settings.Metrics)
                metrics.AddPrometheusExporter();
            if (settings.OtlpEndpoint is { } endpoint)
                metrics.AddOtlpExporter(options => options.Endpoint = endpoint);
        });
        if (settings.OtlpEndpoint is not { } collector)
            return;

        telemetry.WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddSource(s_sources).AddOtlpExporter(options => options.Endpoint = collector));
        builder.Logging.AddOpenTelemetry(logging => logging.AddOtlpExporter(options => options.Endpoint = collector));
    }

    /// <summary>Lets grain calls carry the trace of who calls.</summary>
    public static void Propagate(ISiloBuilder silo, TelemetrySettings settings)
    {
        if (settings.OtlpEndpoint is not null)
            silo.AddActivityPropagation();
    }

    /// <summary>Answers <c>/metrics</c> to the addresses that may read it; to others there is no such page.</summary>
    public static void Use(WebApplication app, TelemetrySettings settings)
    {
        if (settings.Metrics)
            app.UseOpenTelemetryPrometheusScrapingEndpoint(
                context => context.Request.Path == MetricsPath && IsAllowed(context.Connection.RemoteIpAddress, settings));
    }

    // What was forwarded comes with the address of whom it was forwarded for (MatrixServer): a proxy on this machine opens nothing to the world.
    private static bool IsAllowed(IPAddress? address, TelemetrySettings settings)
    {
        if (address is null)
            return true;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IPAddress.IsLoopback(plain) || settings.MetricsAllow.Any(network => network.Contains(plain));
    }
}
