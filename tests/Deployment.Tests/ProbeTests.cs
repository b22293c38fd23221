using System.Net;
using System.Text.RegularExpressions;
using k8s.Models;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Deployment.Tests.Kubernetes;
using OrleansMatrix.Silo;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Deployment.Tests;

/// <summary>What supervisors and proxies ask about a server's health is what a running server answers.</summary>
public sealed partial class ProbeTests
{
    public static TheoryData<string> Folders => Manifests.Folders;

    [Theory]
    [MemberData(nameof(Folders))]
    public void Each_probe_asks_what_it_is_for(string folder)
    {
        foreach (var workload in Manifests.Read(folder).Workloads.Where(static workload => workload.IsServer))
        {
            var container = workload.Container;
            Assert.Equal(
                ("/health/start", "/health/live", "/health/ready"),
                (container.StartupProbe.HttpGet.Path, container.LivenessProbe.HttpGet.Path, container.ReadinessProbe.HttpGet.Path));
            foreach (var probe in ProbesOf(workload))
            {
                Assert.Equal("http", probe.HttpGet.Port.Value);

                // Storage has two seconds to answer (silo/Health.cs).
                Assert.True(probe.TimeoutSeconds > 2);
            }
        }
    }

    [Fact]
    public async Task A_running_server_answers_what_is_asked()
    {
        string[] asked =
        [
            .. Manifests.Read("base").Workloads.SelectMany(ProbesOf).Select(static probe => probe.HttpGet.Path),
            .. HealthPath().Matches(Repository.Read("Dockerfile") + Repository.Read("Caddyfile")).Select(static match => match.Value),
        ];
        using var folder = new TemporaryFolder();
        await using var app = MatrixServer.Build(["--urls=http://127.0.0.1:0", $"--Matrix:DataDirectory={folder.Path}"]);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        foreach (var path in asked.Distinct())
        {
            using var answer = await http.GetAsync(path);
            Assert.Equal((path, HttpStatusCode.OK), (path, answer.StatusCode));
        }

        using var other = await http.GetAsync("/health/other");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        await app.StopAsync();
    }

    private static V1Probe[] ProbesOf(Workload workload) =>
        [workload.Container.StartupProbe, workload.Container.LivenessProbe, workload.Container.ReadinessProbe];

    [GeneratedRegex("/health/[a-z]+")]
    private static partial Regex HealthPath();
}
