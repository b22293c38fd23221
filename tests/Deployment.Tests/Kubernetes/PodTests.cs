using k8s.Models;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>What pods may do, and how they end.</summary>
public sealed class PodTests
{
    // A stop takes ten seconds at most (README, Deploy).
    private const int StopSeconds = 10;

    public static TheoryData<string> Folders => Manifests.Folders;

    [Theory]
    [MemberData(nameof(Folders))]
    public void No_container_is_root_or_writes_to_its_image(string folder)
    {
        foreach (var workload in Manifests.Read(folder).Workloads)
        {
            Assert.False(workload.Pod.AutomountServiceAccountToken);
            Assert.True(workload.Pod.SecurityContext.RunAsNonRoot);
            Assert.True(workload.Pod.SecurityContext.RunAsUser > 0);
            Assert.Equal("RuntimeDefault", workload.Pod.SecurityContext.SeccompProfile.Type);
            Assert.Null(workload.Pod.HostNetwork);
            Assert.Null(workload.Pod.InitContainers);
            foreach (var container in workload.Pod.Containers)
            {
                Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
                Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
                Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
                Assert.Null(container.SecurityContext.Capabilities.Add);
                Assert.Null(container.SecurityContext.RunAsUser);
                Assert.True(container.Resources.Limits.ContainsKey("memory"));
                Images.CheckPinned(container.Image);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Mounts_name_volumes(string folder)
    {
        var manifests = Manifests.Read(folder);
        foreach (var workload in manifests.Workloads)
        {
            var claims = manifests.All<V1StatefulSet>().Where(set => set.Metadata.Name == workload.Name)
                .SelectMany(static set => set.Spec.VolumeClaimTemplates).Select(static claim => claim.Metadata.Name);
            Assert.Equal(
                (workload.Pod.Volumes ?? []).Select(static volume => volume.Name).Concat(claims).Order(),
                (workload.Container.VolumeMounts ?? []).Select(static mount => mount.Name).Order());
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_pod_that_goes_has_time_to_leave_the_service_and_to_stop(string folder)
    {
        foreach (var workload in Manifests.Read(folder).Workloads.Where(static workload => workload.IsServer))
        {
            var wait = workload.Container.Lifecycle.PreStop.Sleep.Seconds;
            Assert.InRange(wait, 1, 30);
            Assert.True(workload.Pod.TerminationGracePeriodSeconds > wait + StopSeconds);
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Silos_and_gateways_are_replaced_one_by_one_and_never_missing(string folder)
    {
        foreach (var deployment in Manifests.Read(folder).All<V1Deployment>())
        {
            Assert.Equal("0", deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.Value);
            Assert.Equal("1", deployment.Spec.Strategy.RollingUpdate.MaxSurge.Value);
            Assert.Null(deployment.Spec.Replicas);
        }
    }
}
