using System.Net;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>
/// The server's settings (configuration section <c>Matrix</c>), checked at start. One immutable instance per process, from dependency injection.
/// </summary>
public sealed record MatrixSettings
{
    /// <summary>The name in user ids, room ids and event origins.</summary>
    public required ServerName ServerName { get; init; }

    /// <summary>The base URL for <c>.well-known</c>, without a slash at the end; null: not published.</summary>
    public string? PublicBaseUrl { get; init; }

    /// <summary>Absolute path of the folder of database, media and signing key, as far as these are not in PostgreSQL.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>A PostgreSQL connection string; empty: SQLite in the data directory.</summary>
    public string Database { get; init; } = "";

    /// <summary>
    /// What the signing keys in a PostgreSQL database are sealed with, as UTF-8; empty: they are not. As bytes, so that no text of the settings has it.
    /// </summary>
    public ReadOnlyMemory<byte> KeySecret { get; init; }

    /// <summary>What this process keeps its resident memory below, in bytes, <see cref="LeastMemoryLimit"/> or more.</summary>
    public long MemoryLimitBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>The least that the server works with: 192 MiB.</summary>
    public const long LeastMemoryLimit = 192L * 1024 * 1024;

    /// <summary>How silos that share a database reach each other.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>The networks of reverse proxies, besides this machine, whose <c>X-Forwarded-For</c> is believed.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Sections of the configuration that name what this version does not have yet; the start says that they are passed over.</summary>
    public IReadOnlyList<string> PassedOver { get; init; } = [];

    /// <summary>What this process tells of itself.</summary>
    public TelemetrySettings Telemetry { get; init; } = new();

    /// <summary>Orleans' dashboard answers at <c>/admin/orleans</c>.</summary>
    public bool DashboardEnabled { get; init; }

    /// <summary>The version of rooms whose maker names none: one of those that this server knows.</summary>
    public string DefaultRoomVersion { get; init; } = RoomVersion.Default.Id;

    public RegistrationSettings Registration { get; init; } = new();

    public MediaSettings Media { get; init; } = new();

    /// <summary>Rows of <see cref="Budgets"/> that are set otherwise, by the row that they replace.</summary>
    public IReadOnlyDictionary<Budget, Budget> ChangedBudgets { get; init; } = new Dictionary<Budget, Budget>();

    /// <summary>A row of <see cref="Budgets"/> as it is set.</summary>
    public Budget BudgetOf(Budget row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return ChangedBudgets.GetValueOrDefault(row, row);
    }

    /// <summary>True when clients are held to request rates.</summary>
    public bool RateLimitsEnabled { get; init; } = true;

    public FederationSettings Federation { get; init; } = new();

    /// <summary>Requests to other servers may reach private addresses.</summary>
    public bool AllowPrivateAddresses { get; init; }

    public TurnSettings Turn { get; init; } = new();

    public SupportSettings Support { get; init; } = new();

    /// <summary>What this server refuses as the policy server of rooms that name it; null: it is none.</summary>
    public PolicyServerSettings? PolicyServer { get; init; }

    /// <summary>The unpadded Base64 Ed25519 key of a policy server that goes by this server's name; null: there is none.</summary>
    public string? PolicyServerKey { get; init; }
}

/// <summary>Metrics, traces and logs for other programs (section <c>Matrix:Telemetry</c>).</summary>
public sealed record TelemetrySettings
{
    /// <summary><c>GET /metrics</c> answers Prometheus.</summary>
    public bool Metrics { get; init; }

    /// <summary>Who may read <c>/metrics</c> besides this machine.</summary>
    public IReadOnlyList<IPNetwork> MetricsAllow { get; init; } = [];

    /// <summary>The collector that metrics, traces and logs go to by OTLP (gRPC); null: none.</summary>
    public Uri? OtlpEndpoint { get; init; }
}

/// <summary>
/// How the silos of a cluster reach each other (section <c>Matrix:Cluster</c>); without <see cref="MatrixSettings.Database"/> it means nothing.
/// </summary>
public sealed record ClusterSettings
{
    /// <summary>The port for other silos, 1 to 65535, or 0 for a free one.</summary>
    public const int DefaultSiloPort = 11111;

    /// <summary>The port for gateways that are no silos, 1 to 65535, or 0 for none.</summary>
    public const int DefaultGatewayPort = 30000;

    /// <summary>The address that other silos reach this one at; null: that of the interface that reaches the database.</summary>
    public IPAddress? Address { get; init; }

    /// <inheritdoc cref="DefaultSiloPort"/>
    public int SiloPort { get; init; } = DefaultSiloPort;

    /// <inheritdoc cref="DefaultGatewayPort"/>
    public int GatewayPort { get; init; } = DefaultGatewayPort;

    /// <summary>What this process does.</summary>
    public ClusterRole Role { get; init; }

    /// <summary>How silos and gateways know each other; null: whoever reaches a port is believed.</summary>
    public ClusterTlsSettings? Tls { get; init; }
}

/// <summary>Mutual TLS between the processes of a cluster (section <c>Matrix:Cluster:Tls</c>): paths of PEM files.</summary>
/// <param name="Certificate">The certificate of this process, for servers and clients.</param>
/// <param name="Key">Its private key.</param>
/// <param name="Authority">The certificates of the authority that all certificates of the cluster are of.</param>
public sealed record ClusterTlsSettings(string Certificate, string Key, string Authority);

/// <summary>What a process of a cluster does.</summary>
public enum ClusterRole
{
    /// <summary>It has grains and answers requests.</summary>
    All,

    /// <summary>It has grains, and answers about its health and its metrics only.</summary>
    Silo,

    /// <summary>It answers requests by calls to silos; it has neither grains nor storage.</summary>
    Gateway,
}

/// <summary>Being a policy server (section <c>Matrix:PolicyServer</c>).</summary>
/// <param name="DenyUsers">Globs of user ids that may not send.</param>
/// <param name="DenyText">Globs of texts that may not be in an event's content.</param>
/// <param name="MaxMentions">The most users that one event may mention.</param>
/// <param name="EventsPerMinute">The most events of one user in one room and minute; 0: any number.</param>
public sealed record PolicyServerSettings(IReadOnlyList<string> DenyUsers, IReadOnlyList<string> DenyText, int MaxMentions, int EventsPerMinute);

/// <summary>Who may register (section <c>Matrix:Registration</c>).</summary>
public sealed record RegistrationSettings
{
    /// <summary>Accounts may be registered.</summary>
    public bool Enabled { get; init; }

    /// <summary>Guests may register, also when <see cref="Enabled"/> is off.</summary>
    public bool AllowGuests { get; init; }

    /// <summary>Registering needs a registration token.</summary>
    public bool RequireToken { get; init; }

    /// <summary>The key of the Synapse-compatible admin registration; null: off.</summary>
    public string? SharedSecret { get; init; }
}

/// <summary>Dealing with other servers (section <c>Matrix:Federation</c>).</summary>
public sealed record FederationSettings
{
    /// <summary>Globs of the servers to talk to; none: all.</summary>
    public IReadOnlyList<string> Allow { get; init; } = [];

    /// <summary>Globs of servers not to talk to.</summary>
    public IReadOnlyList<string> Deny { get; init; } = [];

    /// <summary>Names of the servers that are believed about other servers' keys when these cannot be reached.</summary>
    public IReadOnlyList<string> TrustedKeyServers { get; init; } = [];

    /// <summary>
    /// The most memory for bodies of other servers' requests that are on their way in or being dealt with, in bytes; an address has a quarter of it at most.
    /// More is answered by 429. What is made of a body while it is dealt with takes about three times as much again.
    /// </summary>
    public long BodyMemoryBytes { get; init; } = 128 * 1024 * 1024;
}

/// <summary>Limits of the content repository (section <c>Matrix:Media</c>).</summary>
public sealed record MediaSettings
{
    /// <summary>Largest upload in bytes.</summary>
    public long MaxUploadBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>
    /// Absolute path of the folder of media, which all processes of a cluster have to share; null: PostgreSQL has them, or the folder <c>media</c> of the data
    /// directory.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>What is uploaded or fetched from then on needs an access token (C-S API, Content repository); null: downloads without one go on.</summary>
    public DateTimeOffset? FrozenAt { get; init; }
}

/// <summary>The TURN server for calls (section <c>Matrix:Turn</c>).</summary>
public sealed record TurnSettings
{
    /// <summary><c>turn:</c> and <c>turns:</c> URIs; none: no TURN server.</summary>
    public IReadOnlyList<string> Uris { get; init; } = [];

    /// <summary>The secret shared with the TURN server (coturn's <c>static-auth-secret</c>); null: no TURN server.</summary>
    public string? SharedSecret { get; init; }

    /// <summary>How long credentials are good, in seconds.</summary>
    public int TtlSeconds { get; init; } = 86_400;
}

/// <summary>What <c>/.well-known/matrix/support</c> publishes (section <c>Matrix:Support</c>).</summary>
public sealed record SupportSettings
{
    public IReadOnlyList<SupportContact> Contacts { get; init; } = [];

    /// <summary>The URL of a page for users; null: none.</summary>
    public string? Page { get; init; }
}

/// <summary>A contact; it has a Matrix id or an email address, or both.</summary>
/// <param name="Role">For example <c>m.role.admin</c> or <c>m.role.security</c>.</param>
public sealed record SupportContact(string? MatrixId, string? EmailAddress, string Role);
