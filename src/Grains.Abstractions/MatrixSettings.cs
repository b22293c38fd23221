using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>The server's settings (configuration section <c>Matrix</c>), checked at start. One immutable instance per process, from dependency injection.</summary>
public sealed record MatrixSettings
{
    /// <summary>The name in user ids, room ids and event origins.</summary>
    public required ServerName ServerName { get; init; }

    /// <summary>The base URL for <c>.well-known</c>, without a slash at the end; null: not published.</summary>
    public string? PublicBaseUrl { get; init; }

    /// <summary>Absolute path of the folder of database, media and signing key.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>A PostgreSQL connection string; empty: SQLite in the data directory.</summary>
    public string Database { get; init; } = "";

    public RegistrationSettings Registration { get; init; } = new();

    public MediaSettings Media { get; init; } = new();

    /// <summary>True when clients are held to request rates.</summary>
    public bool RateLimitsEnabled { get; init; } = true;

    /// <summary>Federation, previews and pushes may reach private addresses.</summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Paths of the application services' YAML files.</summary>
    public IReadOnlyList<string> AppServiceFiles { get; init; } = [];

    public bool UrlPreviewsEnabled { get; init; }
}

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

/// <summary>Limits of the content repository (section <c>Matrix:Media</c>).</summary>
public sealed record MediaSettings
{
    /// <summary>Largest upload in bytes.</summary>
    public long MaxUploadBytes { get; init; } = 100 * 1024 * 1024;
}
