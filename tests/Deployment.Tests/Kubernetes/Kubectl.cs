using System.Diagnostics;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary><c>kubectl kustomize</c>, which asks no cluster. No Debian or Ubuntu has one that knows components, so it is used where somebody put it.</summary>
internal static class Kubectl
{
    /// <summary>Whether there is one.</summary>
    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(static folder => File.Exists(Path.Combine(folder, "kubectl")));

    /// <summary>What the folder comes to.</summary>
    public static string Kustomize(string folder)
    {
        using var kubectl = Process.Start(
            new ProcessStartInfo("kubectl", ["kustomize", folder]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = kubectl.StandardError.ReadToEndAsync();
        var output = kubectl.StandardOutput.ReadToEnd();
        kubectl.WaitForExit();
        Assert.Equal((0, ""), (kubectl.ExitCode, errors.Result));
        return output;
    }
}
