using System.Diagnostics;
using System.Text.Json;
using OrleansMatrix.Deployment.Tests.Kubernetes;

namespace OrleansMatrix.Deployment.Tests.Containers;

/// <summary>The <c>Dockerfile</c>. <c>tests/dockerfile.sh</c> runs it whole.</summary>
public sealed class DockerfileTests
{
    [Fact]
    public void Images_are_pinned() => Assert.All(Dockerfile.All("FROM"), static from => Images.CheckPinned(from.Split(' ')[0]));

    [Fact]
    public void What_is_copied_is_what_dockerignore_lets_in()
    {
        var copies = Dockerfile.All("COPY").Where(static copy => !copy.StartsWith("--from", StringComparison.Ordinal));
        var copied = copies.SelectMany(static copy => copy.Split(' ')[..^1]);
        var let = Repository.Read(".dockerignore").Split('\n').Where(static line => line.StartsWith('!')).Select(static line => line[1..]);
        Assert.Equal(let.Order(), copied.Order());
    }

    [Fact]
    public void The_server_knows_each_variable_and_its_ports_are_named()
    {
        var (settings, httpPort) = ServerSettings.Read(Dockerfile.Environment);
        Assert.Equal([Assert.Single(Dockerfile.All("VOLUME"))], [settings.DataDirectory]);
        Assert.Equal([$"{httpPort}", $"{settings.Cluster.SiloPort}", $"{settings.Cluster.GatewayPort}"], Assert.Single(Dockerfile.All("EXPOSE")).Split(' '));
        Assert.Contains($"http://127.0.0.1:{httpPort}/health/live\"", Assert.Single(Dockerfile.All("HEALTHCHECK")), StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_is_root_and_pods_and_services_are_the_same_user()
    {
        var user = Assert.Single(Dockerfile.All("USER"));
        Assert.Matches("^[1-9][0-9]+:[1-9][0-9]+$", user);
        var instructions = Dockerfile.Instructions;
        Assert.True(instructions.FindIndex(static i => i.Name == "USER") > instructions.FindLastIndex(static i => i.Name is "RUN" or "COPY"));
        Assert.All(Manifests.Read("base").Workloads, workload =>
            Assert.Equal(user, $"{workload.Pod.SecurityContext.RunAsUser}:{workload.Pod.SecurityContext.RunAsGroup}"));
        Assert.All(ComposeFile.Read().Services.Values.Where(static service => service.Build is not null), service => Assert.Equal(user, service.User));
    }

    [Fact]
    public void What_is_started_is_what_the_project_builds()
    {
        var started = JsonSerializer.Deserialize<string[]>(Assert.Single(Dockerfile.All("ENTRYPOINT")))!;
        Assert.Equal([$"/app/{typeof(Silo.MatrixServer).Assembly.GetName().Name}"], started);
    }

    [Fact]
    public async Task The_copied_files_are_all_that_the_build_refers_to()
    {
        using var script = Process.Start(new ProcessStartInfo("bash", [Repository.PathOf("tests", "dockerfile.sh"), "--restore"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = script.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await script.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await script.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(script.ExitCode == 0, output + await errors);
        Assert.Contains("Restored", output, StringComparison.Ordinal);
    }
}
