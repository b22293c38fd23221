using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace OrleansMatrix.Deployment.Tests.Containers;

/// <summary>What <c>compose.yaml</c> has of the Compose specification; another key is a fault.</summary>
internal sealed record ComposeFile
{
    [YamlMember(Alias = "x-silo", ApplyNamingConventions = false)]
    public ComposeService? Silo { get; init; }
    public Dictionary<string, ComposeService> Services { get; init; } = [];
    public Dictionary<string, ComposeNetwork?> Networks { get; init; } = [];
    public Dictionary<string, object?> Volumes { get; init; } = [];

    public static ComposeFile Read() => new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).Build()
        .Deserialize<ComposeFile>(new MergingParser(new Parser(new StringReader(Repository.Read("compose.yaml")))));
}

internal sealed record ComposeService
{
    public string Image { get; init; } = "";
    public string? Build { get; init; }
    public string Restart { get; init; } = "";
    public string StopGracePeriod { get; init; } = "10s";
    public bool ReadOnly { get; init; }
    public string? User { get; init; }
    public List<string> CapDrop { get; init; } = [];
    public List<string> CapAdd { get; init; } = [];
    public List<string> SecurityOpt { get; init; } = [];
    public List<string> Tmpfs { get; init; } = [];
    public List<string> Networks { get; init; } = [];
    public List<string> Ports { get; init; } = [];
    public List<string> Volumes { get; init; } = [];
    public Dictionary<string, ComposeCondition> DependsOn { get; init; } = [];
    public Dictionary<string, string> Environment { get; init; } = [];
    public ComposeHealthcheck? Healthcheck { get; init; }
}

internal sealed record ComposeCondition
{
    public string Condition { get; init; } = "";
}

internal sealed record ComposeHealthcheck
{
    public List<string> Test { get; init; } = [];
    public string Interval { get; init; } = "";
    public string Timeout { get; init; } = "";
    public int Retries { get; init; }
}

internal sealed record ComposeNetwork
{
    public bool Internal { get; init; }
    public ComposeIpam? Ipam { get; init; }
}

internal sealed record ComposeIpam
{
    public List<Dictionary<string, string>> Config { get; init; } = [];
}
