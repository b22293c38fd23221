using System.Text.RegularExpressions;
using OrleansMatrix.Deployment.Tests.Kubernetes;

namespace OrleansMatrix.Deployment.Tests;

/// <summary>What <c>docs/cluster.md</c> tells people to type.</summary>
public sealed partial class ClusterPageTests
{
    private static readonly string s_page = Repository.Read("docs", "cluster.md");

    [Fact]
    public void The_server_knows_each_variable_of_the_environment_file()
    {
        var blocks = Blocks().Matches(s_page).Select(static match => match.Groups[1].Value);
        var block = blocks.Single(static block => block.StartsWith("Kestrel__", StringComparison.Ordinal));
        var (settings, httpPort) = ServerSettings.Read(EnvFile.Read(block).ToDictionary());
        Assert.Equal((8008, "example.org"), (httpPort, settings.ServerName.Value));
        Assert.NotEqual("", settings.Database);
    }

    [Fact]
    public void Settings_that_are_named_are_those_of_the_readme()
    {
        var readme = Repository.Read("README.md");
        var named = Settings().Matches(s_page).Select(static match => match.Value).Distinct().ToList();
        Assert.True(named.Count > 5);

        // Settings of one section are in one row: `Matrix:Cluster:Address`, `:SiloPort`.
        string[] Forms(string name) => [name, $"`:{name.Split(':')[^1]}`"];
        Assert.All(named, name => Assert.True(Forms(name).Any(form => readme.Contains(form, StringComparison.Ordinal)), $"{name} is not in README.md"));
    }

    [Fact]
    public void Files_that_are_named_are_there() => Assert.All(
        Paths().Matches(s_page).Select(static match => match.Value).Distinct(),
        static path => Assert.True(File.Exists(Repository.PathOf(path)) || Directory.Exists(Repository.PathOf(path)), $"there is no {path}"));

    [GeneratedRegex("```ini\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("Matrix(:[A-Z][A-Za-z]+)+")]
    private static partial Regex Settings();

    [GeneratedRegex("(compose\\.yaml|(k8s|docs)/[a-z./]*[a-z])")]
    private static partial Regex Paths();
}
