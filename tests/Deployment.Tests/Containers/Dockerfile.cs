using System.Text.RegularExpressions;
using OrleansMatrix.Deployment.Tests.Kubernetes;

namespace OrleansMatrix.Deployment.Tests.Containers;

/// <summary>The instructions of the <c>Dockerfile</c>.</summary>
internal static partial class Dockerfile
{
    public static readonly List<(string Name, string Arguments)> Instructions =
    [
        .. Continued().Replace(Repository.Read("Dockerfile"), " ").Split('\n').Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => line.Split(' ', 2)).Select(static parts => (parts[0], parts[1].Trim())),
    ];

    /// <summary>The environment that containers have unless they are given another.</summary>
    public static IReadOnlyDictionary<string, string> Environment => EnvFile.Read(Assert.Single(All("ENV")).Replace(' ', '\n')).ToDictionary();

    /// <summary>The arguments of all instructions of a name.</summary>
    public static IEnumerable<string> All(string name) =>
        Instructions.Where(instruction => instruction.Name == name).Select(static instruction => instruction.Arguments);

    [GeneratedRegex(@"\\\n *")]
    private static partial Regex Continued();
}
