using System.Text.RegularExpressions;
using k8s.Models;
using OrleansMatrix.Deployment.Tests.Containers;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>The environment of the server's containers, read as the server reads it.</summary>
public sealed partial class ContainerSettingsTests
{
    private const string PodIp = "10.1.2.3";
    private static readonly Dictionary<string, string> s_secret = new()
    {
        ["database"] = "Host=postgres;Username=matrix;Password=secret;Database=matrix",
        ["key-secret"] = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    };

    public static TheoryData<string> Folders => Manifests.Folders;

    [Theory]
    [MemberData(nameof(Folders))]
    public void The_server_knows_each_variable_and_listens_at_the_ports_that_are_named(string folder)
    {
        var manifests = Manifests.Read(folder);
        var roles = new List<ClusterRole>();
        foreach (var workload in manifests.Workloads.Where(static workload => workload.IsServer))
        {
            var environment = Environment(manifests, workload.Container);
            var (settings, httpPort) = ServerSettings.Read(environment);
            Assert.Equal(s_secret["database"], settings.Database);
            Assert.Equal(httpPort, workload.Port("http"));
            Assert.NotEmpty(settings.TrustedProxies);
            Assert.Equal(workload.Name, settings.Cluster.Role.ToString().ToLowerInvariant());
            roles.Add(settings.Cluster.Role);
            Assert.Equal(folder == "overlays/production", settings.Cluster.Tls is not null);
            if (settings.Cluster.Role == ClusterRole.Gateway)
            {
                // It has no data and no key, and nobody connects to it but with requests.
                Assert.DoesNotContain("Matrix__KeySecret", environment.Keys);
                Assert.Single(workload.Container.Ports);
                Assert.DoesNotContain(workload.Container.VolumeMounts ?? [], mount => mount.MountPath == settings.DataDirectory);
                continue;
            }

            Assert.Equal(PodIp, settings.Cluster.Address?.ToString());
            Assert.Contains("Matrix__KeySecret", environment.Keys);
            Assert.Equal((settings.Cluster.SiloPort, settings.Cluster.GatewayPort), (workload.Port("silo"), workload.Port("gateway")));
            Assert.Contains(workload.Container.VolumeMounts!, mount => mount.MountPath == settings.DataDirectory);
        }

        Assert.Equal([ClusterRole.Silo, ClusterRole.Gateway], roles.Order());
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Each_secret_is_one_that_the_setup_makes(string folder)
    {
        var made = MadeSecret().Matches(Repository.Read("docs", "cluster.md")).Select(static match => match.Groups[1].Value).ToHashSet();
        var asked = Manifests.Read(folder).Workloads.SelectMany(static workload => workload.Container.Env)
            .Select(static variable => variable.ValueFrom?.SecretKeyRef).OfType<V1SecretKeySelector>().ToList();
        Assert.NotEmpty(asked);
        Assert.All(asked, secret =>
        {
            Assert.Equal("matrix", secret.Name);
            Assert.Contains(secret.Key, made);
        });
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void The_ingress_serves_the_names_that_the_settings_publish(string folder)
    {
        var manifests = Manifests.Read(folder);
        var gateway = manifests.Workloads.Single(static workload => workload.Name == "gateway");
        var (settings, _) = ServerSettings.Read(Environment(manifests, gateway.Container));
        var ingress = Assert.Single(manifests.All<V1Ingress>());
        var served = ingress.Spec.Rules.SelectMany(static rule => rule.Http.Paths, static (rule, path) => (rule.Host, path.Path)).ToList();
        var publicHost = new Uri(settings.PublicBaseUrl!).Host;
        (string, string)[] expected = [(publicHost, "/_matrix"), (publicHost, "/.well-known/matrix"), (settings.ServerName.Value, "/.well-known/matrix")];
        Assert.Equal(expected.Order(), served.Order());
        Assert.Equal(ingress.Spec.Rules.Select(static rule => rule.Host).Order(), Assert.Single(ingress.Spec.Tls).Hosts.Order());
    }

    private static Dictionary<string, string> Environment(Manifests manifests, V1Container container)
    {
        var environment = Dockerfile.Environment.ToDictionary();
        foreach (var source in container.EnvFrom ?? [])
        {
            foreach (var (key, value) in Assert.Single(manifests.All<V1ConfigMap>(), map => map.Metadata.Name == source.ConfigMapRef.Name).Data)
                environment.Add(key, value);
        }

        foreach (var variable in container.Env)
            environment.Add(variable.Name, Value(variable));
        foreach (var key in environment.Keys.Where(static key => key.StartsWith("Matrix__Cluster__Tls__", StringComparison.Ordinal)))
            environment[key] = CertificateFile(environment[key], container);
        return environment;
    }

    // The reader wants files that are there; in a pod they come with a secret.
    private static string CertificateFile(string path, V1Container container)
    {
        Assert.Contains(Path.GetFileName(path), new[] { "tls.crt", "tls.key", "ca.crt" });
        var mount = Assert.Single(container.VolumeMounts, mount => mount.MountPath == Path.GetDirectoryName(path));
        Assert.Equal(("tls", true), (mount.Name, mount.ReadOnlyProperty));
        return Repository.PathOf("README.md");
    }

    private static string Value(V1EnvVar variable)
    {
        if (variable.ValueFrom is not { } source)
            return variable.Value;
        if (source.SecretKeyRef is { } secret)
            return s_secret[secret.Key];
        Assert.Equal("status.podIP", source.FieldRef.FieldPath);
        return PodIp;
    }

    [GeneratedRegex("--from-literal=([a-z-]+)=")]
    private static partial Regex MadeSecret();
}
