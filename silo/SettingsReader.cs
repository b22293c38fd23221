using System.Globalization;
using System.Net;
using System.Text;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;
using OrleansMatrix.Silo.Keys;

namespace OrleansMatrix.Silo;

/// <summary>Reads the section <c>Matrix</c> of the configuration and checks every value in it.</summary>
public static class SettingsReader
{
    private const string Section = "Matrix";

    /// <summary>The settings.</summary>
    /// <exception cref="SettingsException">A value is wrong, or a key is not known.</exception>
    public static MatrixSettings Read(IConfiguration configuration)
    {
        var reader = new Reader(configuration.GetSection(Section));
        var settings = new MatrixSettings
        {
            ServerName = reader.Parsed("ServerName", "localhost", static text => ServerName.TryParse(text, out var name) ? name : (ServerName?)null,
                "is not a server name (a host with an optional port)"),
            PublicBaseUrl = BaseUrl(reader),
            DataDirectory = Path.GetFullPath(reader.Text("DataDirectory") ?? "./data"),
            Database = reader.Text("Database") ?? "",
            KeySecret = KeySecret(reader),
            MemoryLimitBytes = MemoryLimit(reader),
            Cluster = new ClusterSettings
            {
                Address = Address(reader),
                SiloPort = (int)reader.Integer("Cluster:SiloPort", ClusterSettings.DefaultSiloPort, 0, 65535),
                GatewayPort = (int)reader.Integer("Cluster:GatewayPort", ClusterSettings.DefaultGatewayPort, 0, 65535),
                Role = Role(reader),
                Tls = Tls(reader),
            },
            TrustedProxies = Networks(reader, "TrustedProxies"),
            Telemetry = new TelemetrySettings
            {
                Metrics = reader.Flag("Telemetry:Metrics"),
                MetricsAllow = Networks(reader, "Telemetry:MetricsAllow"),
                OtlpEndpoint = reader.Url("Telemetry:OtlpEndpoint") is { } collector ? new Uri(collector) : null,
            },
            DashboardEnabled = Dashboard(reader),
            DefaultRoomVersion = RoomVersionId(reader),
            Registration = new RegistrationSettings
            {
                Enabled = reader.Flag("Registration:Enabled"),
                AllowGuests = reader.Flag("Registration:AllowGuests"),
                RequireToken = reader.Flag("Registration:RequireToken"),
                SharedSecret = reader.Text("Registration:SharedSecret"),
            },
            Media = new MediaSettings
            {
                MaxUploadBytes = reader.Integer("Media:MaxUploadBytes", 100 * 1024 * 1024, 1, 10L * 1024 * 1024 * 1024),
                Folder = reader.Text("Media:Folder") is { } folder ? Path.GetFullPath(folder) : null,
                FrozenAt = reader.Time("Media:FrozenAt"),
            },
            ChangedBudgets = Budgets.All.ToDictionary(static row => row, row => Budget(reader, row)),
            RateLimitsEnabled = reader.Flag("RateLimits:Enabled", fallback: true),
            Federation = new FederationSettings
            {
                Allow = reader.List("Federation:Allow", static _ => null),
                Deny = reader.List("Federation:Deny", static _ => null),
                TrustedKeyServers = reader.List(
                    "Federation:TrustedKeyServers", static name => ServerName.IsValid(name) ? null : $"'{name}' is not a server name"),
                BodyMemoryBytes = reader.Integer(
                    "Federation:BodyMemoryBytes", Math.Clamp(MemoryLimit(reader) / 4, 64 * 1024 * 1024, 128 * 1024 * 1024), 64 * 1024 * 1024,
                    64L * 1024 * 1024 * 1024),
            },
            AllowPrivateAddresses = reader.Flag("Outbound:AllowPrivateAddresses"),
            Turn = new TurnSettings
            {
                Uris = reader.List("Turn:Uris", static uri => uri.StartsWith("turn", StringComparison.Ordinal) ? null : "is not a turn: or turns: URI"),
                SharedSecret = reader.Text("Turn:SharedSecret"),
                TtlSeconds = (int)reader.Integer("Turn:TtlSeconds", 86_400, 60, 30 * 86_400),
            },
            Support = new SupportSettings { Contacts = Contacts(reader), Page = reader.Url("Support:Page") },
            PolicyServerKey = reader.Text("PolicyServerKey"),
            PolicyServer = PolicyServer(reader),
        };
        return settings with { PassedOver = reader.RefuseUnknown() };
    }

    private static Budget Budget(Reader reader, Budget row) => row with
    {
        MaxCount = row.CountSetting is { } count ? (int)reader.Integer($"Budgets:{count}", row.MaxCount, 1, 1_000_000_000) : row.MaxCount,
        MaxBytes = row.BytesSetting is { } bytes ? reader.Integer($"Budgets:{bytes}", row.MaxBytes, row.MaxItemBytes, long.MaxValue) : row.MaxBytes,
    };

    private static long MemoryLimit(Reader reader) =>
        reader.Integer("MemoryLimit", Math.Max(Silo.MemoryLimit.Default, MatrixSettings.LeastMemoryLimit), MatrixSettings.LeastMemoryLimit, long.MaxValue);

    private static ReadOnlyMemory<byte> KeySecret(Reader reader)
    {
        if (reader.Text("KeySecret") is not { } secret)
            return default;
        if (secret.Length < KeySeal.MinSecretChars)
            throw new SettingsException($"{Section}:KeySecret", $"has fewer than {KeySeal.MinSecretChars} characters");
        return reader.Text("Database") is not null
            ? Encoding.UTF8.GetBytes(secret)
            : throw new SettingsException($"{Section}:KeySecret", "is for signing keys in the database of Matrix:Database; SQLite has them in a file");
    }

    private static IPAddress? Address(Reader reader) => reader.Text("Cluster:Address") switch
    {
        null => null,
        var text when IPAddress.TryParse(text, out var address) => address,
        var text => throw new SettingsException($"{Section}:Cluster:Address", $"'{text}' is not an IP address"),
    };

    private static List<IPNetwork> Networks(Reader reader, string key) =>
        [.. reader.List(key, static text => IPNetwork.TryParse(text, out _) ? null : $"'{text}' is not a network such as 10.0.0.0/8")
            .Select(static text => IPNetwork.Parse(text))];

    private static ClusterTlsSettings? Tls(Reader reader)
    {
        string[] names = ["Certificate", "Key", "Authority"];
        var paths = names.Select(name => reader.Text($"Cluster:Tls:{name}")).ToList();
        if (paths.TrueForAll(static path => path is null))
            return null;
        for (var i = 0; i < names.Length; i++)
        {
            var key = $"{Section}:Cluster:Tls:{names[i]}";
            if (paths[i] is null)
                throw new SettingsException(key, "is missing: a certificate, its key and its authority belong together");
            if (!File.Exists(paths[i]))
                throw new SettingsException(key, $"there is no file '{paths[i]}'");
        }

        return new ClusterTlsSettings(paths[0]!, paths[1]!, paths[2]!);
    }

    private static bool Dashboard(Reader reader)
    {
        var isEnabled = reader.Flag("Dashboard:Enabled");
        return isEnabled && Role(reader) != ClusterRole.All
            ? throw new SettingsException($"{Section}:Dashboard:Enabled", "is for processes whose Matrix:Cluster:Role is all")
            : isEnabled;
    }

    private static ClusterRole Role(Reader reader)
    {
        var role = reader.Text("Cluster:Role") switch
        {
            null or "all" => ClusterRole.All,
            "silo" => ClusterRole.Silo,
            "gateway" => ClusterRole.Gateway,
            var text => throw new SettingsException($"{Section}:Cluster:Role", $"'{text}' is not one of all, silo and gateway"),
        };
        return role == ClusterRole.All || reader.Text("Database") is not null
            ? role
            : throw new SettingsException($"{Section}:Cluster:Role", "is for a cluster on the database of Matrix:Database");
    }

    private static string RoomVersionId(Reader reader)
    {
        var id = reader.Text("DefaultRoomVersion") ?? RoomVersion.Default.Id;
        return RoomVersion.TryGet(id, out _)
            ? id
            : throw new SettingsException(
                $"{Section}:DefaultRoomVersion", $"'{id}' is not one of {string.Join(", ", RoomVersion.All.Select(static version => version.Id))}");
    }

    private static string? BaseUrl(Reader reader) => reader.Url("PublicBaseUrl")?.TrimEnd('/');

    private static List<SupportContact> Contacts(Reader reader)
    {
        var contacts = new List<SupportContact>();
        foreach (var key in reader.Children("Support:Contacts"))
        {
            var matrixId = reader.Text($"{key}:MatrixId");
            var email = reader.Text($"{key}:EmailAddress");
            if (matrixId is null && email is null)
                throw new SettingsException($"Matrix:{key}", "a contact needs a MatrixId or an EmailAddress");
            contacts.Add(new SupportContact(matrixId, email, reader.Text($"{key}:Role") ?? "m.role.admin"));
        }

        return contacts;
    }

    private static PolicyServerSettings? PolicyServer(Reader reader)
    {
        var isOne = reader.Flag("PolicyServer:Enabled");
        var settings = new PolicyServerSettings(
            reader.List("PolicyServer:DenyUsers", static _ => null),
            reader.List("PolicyServer:DenyText", static _ => null),
            (int)reader.Integer("PolicyServer:MaxMentions", 50, 0, int.MaxValue),
            (int)reader.Integer("PolicyServer:EventsPerMinute", 0, 0, int.MaxValue));
        if (isOne && reader.Text("PolicyServerKey") is not null)
            throw new SettingsException("Matrix:PolicyServerKey", "is the key of another policy server, and Matrix:PolicyServer:Enabled makes this server one");
        return isOne ? settings : null;
    }

    private sealed class Reader(IConfigurationSection section)
    {
        // A configuration for several versions of the server may have them: they are passed over, and the start says so.
        private static readonly HashSet<string> s_notYet =
            new(StringComparer.OrdinalIgnoreCase) { "AppServices", "UrlPreviews", "Email", "Recaptcha", "Cas" };

        private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

        public string? Text(string key)
        {
            _known.Add(key);
            return section[key] is { Length: > 0 } text ? text : null;
        }

        public T Parsed<T>(string key, string fallback, Func<string, T?> parse, string problem)
            where T : struct
        {
            var text = Text(key) ?? fallback;
            return parse(text) ?? throw Wrong(key, $"'{text}' {problem}");
        }

        public bool Flag(string key, bool fallback = false) => Text(key) switch
        {
            null => fallback,
            var text when bool.TryParse(text, out var value) => value,
            var text => throw Wrong(key, $"'{text}' is not true or false"),
        };

        public long Integer(string key, long fallback, long min, long max) => Text(key) switch
        {
            null => fallback,
            var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max => value,
            var text => throw Wrong(key, $"'{text}' is not a number from {min} to {max}"),
        };

        /// <summary>A date, or a time of ISO 8601, in UTC where it does not say otherwise; null if it is not set.</summary>
        public DateTimeOffset? Time(string key) => Text(key) switch
        {
            null => null,
            var text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => time,
            var text => throw Wrong(key, $"'{text}' is not a date such as 2026-01-31"),
        };

        public string? Url(string key) => Text(key) switch
        {
            null => null,
            var text when Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" => text,
            var text => throw Wrong(key, $"'{text}' is not an http or https URL"),
        };

        public List<string> List(string key, Func<string, string?> check)
        {
            var items = new List<string>();
            foreach (var itemKey in Children(key))
            {
                if (Text(itemKey) is not { } item)
                    continue;
                if (check(item) is { } problem)
                    throw Wrong(itemKey, problem);
                items.Add(item);
            }

            return items;
        }

        public IEnumerable<string> Children(string key) => section.GetSection(key).GetChildren().Select(child => $"{key}:{child.Key}");

        /// <summary>A mistyped key would otherwise go unnoticed. Those that only name what this version does not have yet are given back.</summary>
        public IReadOnlyList<string> RefuseUnknown()
        {
            var passedOver = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var (path, value) in section.AsEnumerable(makePathsRelative: true))
            {
                if (value is null || _known.Contains(path))
                    continue;
                var first = path.Split(':')[0];
                if (!s_notYet.Contains(first))
                    throw Wrong(path, "there is no such setting");
                passedOver.Add($"{Section}:{first}");
            }

            return [.. passedOver];
        }

        private static SettingsException Wrong(string key, string problem) => new($"{Section}:{key}", problem);
    }
}
