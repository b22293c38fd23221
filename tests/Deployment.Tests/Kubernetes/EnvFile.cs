namespace OrleansMatrix.Deployment.Tests.Kubernetes;

/// <summary>Lines of <c>KEY=VALUE</c>, and comments.</summary>
internal static class EnvFile
{
    public static IEnumerable<KeyValuePair<string, string>> Read(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(static line => !line.StartsWith('#')).Select(static line => line.Split('=', 2)).Select(static pair => KeyValuePair.Create(pair[0], pair[1]));
}
