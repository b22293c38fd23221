using k8s.Models;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>Who may connect to whom.</summary>
public sealed class NetworkPolicyTests
{
    public static TheoryData<string> Folders => Manifests.Folders;

    [Theory]
    [MemberData(nameof(Folders))]
    public void Only_silos_and_gateways_reach_silos_and_only_the_ingress_reaches_gateways(string folder)
    {
        var manifests = Manifests.Read(folder);
        var ways = new List<string>();
        foreach (var to in manifests.Workloads)
        {
            // Pods that no policy selects are open to all.
            Assert.Contains(manifests.All<V1NetworkPolicy>(), policy => to.IsSelectedBy(policy.Spec.PodSelector));
            foreach (var policy in manifests.All<V1NetworkPolicy>().Where(policy => to.IsSelectedBy(policy.Spec.PodSelector)))
            {
                Assert.Equal(["Ingress"], policy.Spec.PolicyTypes);
                ways.AddRange(policy.Spec.Ingress.SelectMany(rule => Ways(manifests, rule, to)));
            }
        }

        List<string> expected = ["silo to silo:silo", "gateway to silo:gateway", "other namespace to gateway:http"];
        if (folder == "overlays/trial")
            expected.AddRange(["silo to postgres:postgres", "gateway to postgres:postgres"]);
        Assert.Equal(expected.Order(), ways.Order());
    }

    private static IEnumerable<string> Ways(Manifests manifests, V1NetworkPolicyIngressRule rule, Workload to)
    {
        // Without either, a rule lets everybody in, or to every port.
        Assert.NotEmpty(rule.FromProperty);
        Assert.NotEmpty(rule.Ports);
        foreach (var port in rule.Ports)
        {
            Assert.True(to.Port(port.Port.Value) > 0);
            foreach (var peer in rule.FromProperty)
            {
                Assert.Null(peer.IpBlock);
                var froms = peer.PodSelector is { } pods ? manifests.Workloads.Where(from => from.IsSelectedBy(pods)).Select(static from => from.Name) :
                    peer.NamespaceSelector.MatchLabels.ContainsKey("kubernetes.io/metadata.name") ? ["other namespace"] : ["anybody"];
                foreach (var from in froms)
                    yield return $"{from} to {to.Name}:{port.Port.Value}";
            }
        }
    }
}
