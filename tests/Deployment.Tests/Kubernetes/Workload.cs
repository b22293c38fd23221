using k8s.Models;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>Pods that are alike.</summary>
internal sealed record Workload(string Name, V1LabelSelector Selector, V1PodTemplateSpec Template)
{
    public IDictionary<string, string> Labels => Template.Metadata.Labels;

    public V1PodSpec Pod => Template.Spec;

    /// <summary>Whether it runs this server.</summary>
    public bool IsServer => Pod.Containers.Any(static container => container.Image.Contains("orleansmatrix", StringComparison.Ordinal));

    /// <summary>The container, of pods that have one.</summary>
    public V1Container Container => Assert.Single(Pod.Containers);

    /// <summary>The number of a named port.</summary>
    public int Port(string name) => Assert.Single(Container.Ports, port => port.Name == name).ContainerPort;

    /// <summary>Whether a selector takes these pods. One that is empty takes all.</summary>
    public bool IsSelectedBy(V1LabelSelector selector)
    {
        Assert.Null(selector.MatchExpressions);
        return IsSelectedBy(selector.MatchLabels ?? new Dictionary<string, string>());
    }

    /// <inheritdoc cref="IsSelectedBy(V1LabelSelector)"/>
    public bool IsSelectedBy(IDictionary<string, string> labels) => labels.All(label => Labels.TryGetValue(label.Key, out var value) && value == label.Value);
}
