using System.ComponentModel;
using System.Diagnostics;

namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary><c>kubectl kustomize</c>, which asks no cluster.</summary>
internal static class Kubectl
{
    /// <summary>What the folder comes to. The test is skipped without kubectl.</summary>
    public static string Kustomize(string folder)
    {
        using var kubectl = Start(folder);
        var errors = kubectl.StandardError.ReadToEndAsync();
        var output = kubectl.StandardOutput.ReadToEnd();
        kubectl.WaitForExit();
        Assert.Equal((0, ""), (kubectl.ExitCode, errors.Result));
        return output;
    }

    private static Process Start(string folder)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("kubectl", ["kustomize", folder]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("kubectl is not installed");
            throw;
        }
    }
}
