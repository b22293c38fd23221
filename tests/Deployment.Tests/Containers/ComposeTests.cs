using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace OrleansMatrix.Deployment.Tests.Containers;

/// <summary><c>compose.yaml</c> and the <c>Caddyfile</c> that it mounts.</summary>
public sealed partial class ComposeTests
{
    private static readonly Dictionary<string, string> s_env = new()
    {
        ["MATRIX_SERVER_NAME"] = "example.org",
        ["MATRIX_HOST"] = "matrix.example.org",
        ["POSTGRES_PASSWORD"] = "secret",
        ["MATRIX_KEY_SECRET"] = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    };

    private static readonly ComposeFile s_compose = ComposeFile.Read();

    private static IEnumerable<KeyValuePair<string, ComposeService>> Silos => s_compose.Services.Where(static service => service.Value.Build is not null);

    [Fact]
    public void There_are_three_silos_that_are_alike_and_keep_nothing()
    {
        Assert.Equal(["silo1", "silo2", "silo3"], Silos.Select(static silo => silo.Key));
        foreach (var (_, silo) in Silos)
        {
            Assert.Same(s_compose.Silo, silo);
            Assert.Empty(silo.Volumes);
            Assert.Contains($"{Dockerfile.All("VOLUME").Single()}:uid={silo.User!.Split(':')[0]},gid={silo.User.Split(':')[1]}", silo.Tmpfs);
            Assert.Equal("service_healthy", silo.DependsOn["postgres"].Condition);
            Assert.Equal(["front", "cluster"], silo.Networks);
        }
    }

    [Fact]
    public void The_server_knows_each_variable()
    {
        foreach (var (_, silo) in Silos)
        {
            var (settings, httpPort) = ServerSettings.Read(Dockerfile.Environment
                .Concat(silo.Environment.Select(static pair => KeyValuePair.Create(pair.Key, Substitute(pair.Value)))).ToDictionary());
            Assert.Equal("https://matrix.example.org", settings.PublicBaseUrl);
            Assert.Contains("Host=postgres;", settings.Database, StringComparison.Ordinal);
            Assert.Equal(8008, httpPort);
            var front = IPNetwork.Parse(Assert.Single(s_compose.Networks["front"]!.Ipam!.Config)["subnet"]);
            Assert.Equal([front], settings.TrustedProxies);
        }
    }

    [Fact]
    public void No_service_writes_to_its_image_and_only_caddy_has_a_capability()
    {
        foreach (var (name, service) in s_compose.Services)
        {
            Assert.True(service.ReadOnly);
            Assert.Equal(["ALL"], service.CapDrop);
            Images.CheckPinned(service.Image);
            if (name == "caddy")
            {
                Assert.Equal(["NET_BIND_SERVICE"], service.CapAdd);
                continue;
            }

            Assert.Empty(service.CapAdd);
            Assert.Equal(["no-new-privileges:true"], service.SecurityOpt);
            Assert.True(int.Parse(service.User!.Split(':')[0], CultureInfo.InvariantCulture) > 0);
        }
    }

    [Fact]
    public void Only_caddy_is_reached_from_outside_and_the_database_only_from_silos()
    {
        Assert.Equal(["caddy"], s_compose.Services.Where(static service => service.Value.Ports.Count > 0).Select(static service => service.Key));
        Assert.True(s_compose.Networks["cluster"]!.Internal);
        Assert.Equal(["cluster"], s_compose.Services["postgres"].Networks);
        Assert.Equal(["front"], s_compose.Services["caddy"].Networks);
    }

    [Fact]
    public void Named_volumes_and_mounted_files_are_there()
    {
        var sources = s_compose.Services.Values.SelectMany(static service => service.Volumes).Select(static volume => volume.Split(':')[0]).ToList();
        Assert.Equal(s_compose.Volumes.Keys.Order(), sources.Where(static source => !source.StartsWith('.')).Order());
        Assert.All(sources.Where(static source => source.StartsWith('.')), static file => Assert.True(File.Exists(Repository.PathOf(file))));
    }

    [Fact]
    public void A_silo_has_more_time_to_stop_than_it_takes() =>
        Assert.All(Silos, static silo => Assert.True(int.Parse(silo.Value.StopGracePeriod.TrimEnd('s'), CultureInfo.InvariantCulture) > 10));

    [Fact]
    public void Caddy_asks_each_silo_for_its_health_and_serves_the_names_of_the_settings()
    {
        var caddyfile = Repository.Read("Caddyfile");
        var upstreams = Upstreams().Match(caddyfile).Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Silos.Select(static silo => $"{silo.Key}:8008"), upstreams);
        Assert.Contains("health_uri /health/ready\n", caddyfile, StringComparison.Ordinal);
        var names = Variable().Matches(caddyfile).Select(static match => match.Groups[1].Value).ToList();
        Assert.Equal(s_compose.Services["caddy"].Environment.Keys.Order(), names.Order());
    }

    [Fact]
    public void The_variables_of_the_env_file_are_named_at_the_top()
    {
        var text = Repository.Read("compose.yaml");
        Assert.Equal(s_env.Keys.Order(), Asked().Matches(text).Select(static match => match.Groups[1].Value).Distinct().Order());
        var head = text[..text.IndexOf("\nx-silo", StringComparison.Ordinal)];
        Assert.All(s_env.Keys, key => Assert.Contains(key, head, StringComparison.Ordinal));
    }

    // ${NAME:?}: Compose ends with an error where it is not set.
    private static string Substitute(string text) => Asked().Replace(text, static match => s_env[match.Groups[1].Value]);

    [GeneratedRegex(@"\$\{([A-Z_]+):\?\}")]
    private static partial Regex Asked();

    [GeneratedRegex("reverse_proxy ([^{]+) \\{")]
    private static partial Regex Upstreams();

    [GeneratedRegex(@"\{\$([A-Z_]+)\}")]
    private static partial Regex Variable();
}
