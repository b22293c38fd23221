using YamlDotNet.RepresentationModel;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>The files of overlays and components by themselves.</summary>
public sealed class OverlayTests
{
    public static TheoryData<string> Folders => new("overlays/trial", "overlays/production", "components/tls");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Patches_are_of_objects_of_the_base_and_resources_are_new(string folder)
    {
        var path = Repository.PathOf("k8s", folder);
        var kustomization = Load(Path.Combine(path, "kustomization.yaml"));
        var resources = List(kustomization, "resources").OfType<YamlScalarNode>().Select(static node => node.Value!).Where(static file => file != "../../base")
            .ToList();
        var patches = List(kustomization, "patches").OfType<YamlMappingNode>().Where(static patch => patch.Children.ContainsKey("path"))
            .Select(static patch => ((YamlScalarNode)patch["path"]).Value!).ToList();
        Assert.Equal(
            Directory.GetFiles(path).Select(Path.GetFileName).Where(static file => file != "kustomization.yaml").Order(), resources.Concat(patches).Order());
        var known = Manifests.Read("base").Names.ToHashSet();
        Assert.All(patches.SelectMany(file => Manifests.ReadFile(Path.Combine(path, file)).Names), name => Assert.Contains(name, known));
        Assert.All(resources.SelectMany(file => Manifests.ReadFile(Path.Combine(path, file)).Names), name => Assert.DoesNotContain(name, known));
        foreach (var target in List(kustomization, "patches").OfType<YamlMappingNode>().Where(static patch => patch.Children.ContainsKey("target")))
            Assert.Contains(((YamlScalarNode)target["target"]["kind"]).Value, known.Select(static name => name.Kind));
    }

    private static YamlMappingNode Load(string path)
    {
        var yaml = new YamlStream();
        using var text = File.OpenText(path);
        yaml.Load(text);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static YamlSequenceNode List(YamlMappingNode node, string name) => node.Children.TryGetValue(name, out var list) ? (YamlSequenceNode)list : [];
}
