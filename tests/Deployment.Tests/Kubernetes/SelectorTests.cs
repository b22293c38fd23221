using k8s.Models;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>What names other objects or selects pods by labels finds them.</summary>
public sealed class SelectorTests
{
    public static TheoryData<string> Folders => Manifests.Folders;

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_workload_selects_its_own_pods_and_keeps_them_apart(string folder)
    {
        var manifests = Manifests.Read(folder);
        foreach (var workload in manifests.Workloads)
        {
            Assert.Equal(workload.Name, Selected(manifests, workload.Selector).Name);
            if (!workload.IsServer)
                continue;
            var term = Assert.Single(workload.Pod.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution).PodAffinityTerm;
            Assert.Equal("kubernetes.io/hostname", term.TopologyKey);
            Assert.Equal(workload.Name, Selected(manifests, term.LabelSelector).Name);
            var spread = Assert.Single(workload.Pod.TopologySpreadConstraints);
            Assert.Equal(workload.Name, Selected(manifests, spread.LabelSelector).Name);
            Assert.Contains(manifests.All<V1ServiceAccount>(), account => account.Metadata.Name == workload.Pod.ServiceAccountName);
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Each_deployment_has_a_budget_of_disruptions_and_an_autoscaler(string folder)
    {
        var manifests = Manifests.Read(folder);
        var deployments = manifests.All<V1Deployment>().Select(static deployment => deployment.Metadata.Name).Order().ToList();
        var budgets = manifests.All<V1PodDisruptionBudget>().ToList();
        Assert.Equal(deployments, budgets.Select(budget => Selected(manifests, budget.Spec.Selector).Name).Order());
        Assert.All(budgets, static budget => Assert.Equal("1", budget.Spec.MaxUnavailable.Value));
        var scalers = manifests.All<V2HorizontalPodAutoscaler>().ToList();
        Assert.Equal(deployments, scalers.Select(static scaler => scaler.Spec.ScaleTargetRef.Name).Order());
        Assert.All(scalers, static scaler =>
        {
            Assert.Equal(("apps/v1", "Deployment"), (scaler.Spec.ScaleTargetRef.ApiVersion, scaler.Spec.ScaleTargetRef.Kind));
            Assert.InRange(scaler.Spec.MinReplicas!.Value, 2, scaler.Spec.MaxReplicas);
        });
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_service_finds_pods_and_a_port_of_theirs_and_the_ingress_finds_the_service(string folder)
    {
        var manifests = Manifests.Read(folder);
        foreach (var service in manifests.All<V1Service>())
        {
            var pods = Assert.Single(manifests.Workloads, workload => workload.IsSelectedBy(service.Spec.Selector));
            Assert.All(service.Spec.Ports, port => Assert.True(pods.Port(port.TargetPort.Value) > 0));
        }

        var paths = manifests.All<V1Ingress>().SelectMany(static ingress => ingress.Spec.Rules).SelectMany(static rule => rule.Http.Paths);
        foreach (var backend in paths.Select(static path => path.Backend))
        {
            var service = Assert.Single(manifests.All<V1Service>(), service => service.Metadata.Name == backend.Service.Name);
            Assert.Contains(service.Spec.Ports, port => port.Name == backend.Service.Port.Name);
            Assert.Equal("gateway", service.Spec.Selector["app.kubernetes.io/component"]);
        }
    }

    private static Workload Selected(Manifests manifests, V1LabelSelector selector) =>
        Assert.Single(manifests.Workloads, workload => workload.IsSelectedBy(selector));
}
