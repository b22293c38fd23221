using System.Collections.Frozen;
using k8s;
using k8s.Models;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>The objects of a folder of <c>k8s/</c>, read by the types of Kubernetes' client: a field that they do not have is a fault.</summary>
internal sealed class Manifests
{
    /// <summary>The folders; what overlays come to is known with kubectl only (<see cref="OverlayTests"/> reads their files without).</summary>
    public static readonly TheoryData<string> Folders = Kubectl.IsInstalled ? new("base", "overlays/trial", "overlays/production") : new("base");

    private static readonly FrozenDictionary<string, Lazy<Manifests>> s_read = Folders.ToFrozenDictionary(
        static row => row.Data, static row => new Lazy<Manifests>(() => row.Data == "base" ? ReadBase() : ReadOverlay(row.Data)));

    private readonly IReadOnlyList<object> _objects;

    private Manifests(IEnumerable<object> objects) => _objects = [.. objects];

    /// <summary>Deployments and stateful sets.</summary>
    public IEnumerable<Workload> Workloads =>
    [
        .. All<V1Deployment>().Select(static d => new Workload(d.Metadata.Name, d.Spec.Selector, d.Spec.Template)),
        .. All<V1StatefulSet>().Select(static s => new Workload(s.Metadata.Name, s.Spec.Selector, s.Spec.Template)),
    ];

    /// <summary>Kind and name of each object.</summary>
    public IEnumerable<(string Kind, string Name)> Names => _objects.Cast<IKubernetesObject<V1ObjectMeta>>().Select(static o => (o.Kind, o.Metadata.Name));

    public IEnumerable<T> All<T>() => _objects.OfType<T>();

    /// <summary>Reads one file.</summary>
    public static Manifests ReadFile(string path) => new(Parse(File.ReadAllText(path)));

    /// <summary>Reads a folder; overlays, and what they make of the base, by kubectl.</summary>
    public static Manifests Read(string folder) => s_read[folder].Value;

    private static Manifests ReadOverlay(string folder) => new(Parse(Kubectl.Kustomize(Repository.PathOf("k8s", folder))));

    private static Manifests ReadBase()
    {
        var kustomization = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build()
            .Deserialize<Kustomization>(Repository.Read("k8s", "base", "kustomization.yaml"));
        var files = kustomization.Resources.Concat(kustomization.ConfigMapGenerator.SelectMany(static map => map.Envs)).Append("kustomization.yaml");
        Assert.Equal(files.Order(), Directory.GetFiles(Repository.PathOf("k8s", "base")).Select(Path.GetFileName).Order());
        return new Manifests(
        [
            .. kustomization.Resources.SelectMany(static file => Parse(Repository.Read("k8s", "base", file))),
            .. kustomization.ConfigMapGenerator.Select(static map => new V1ConfigMap
            {
                Metadata = new V1ObjectMeta { Name = map.Name },
                Data = map.Envs.SelectMany(static file => EnvFile.Read(Repository.Read("k8s", "base", file))).ToDictionary(),
            }),
        ]);
    }

    private static List<object> Parse(string yaml) => KubernetesYaml.LoadAllFromString(yaml, strict: true);

    /// <summary>What the base has of kustomize.</summary>
    private sealed record Kustomization
    {
        public string ApiVersion { get; init; } = "";
        public string Kind { get; init; } = "";
        public List<string> Resources { get; init; } = [];
        public List<Generator> ConfigMapGenerator { get; init; } = [];
    }

    private sealed record Generator
    {
        public string Name { get; init; } = "";
        public List<string> Envs { get; init; } = [];
    }
}
