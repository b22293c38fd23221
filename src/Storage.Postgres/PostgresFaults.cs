using Npgsql;

namespace OrleansMatrix.Storage.Postgres;

/// <summary>Which failures mean that a connection is gone, and not that a statement is wrong.</summary>
internal static class PostgresFaults
{
    /// <summary>
    /// Whether a new connection may do better. A connection that breaks while its reader is being opened can surface as a NullReferenceException
    /// of the driver's own (npgsql #2925, #6264).
    /// </summary>
    public static bool IsBrokenConnection(this Exception exception) =>
        exception is NpgsqlException { IsTransient: true } || exception is NullReferenceException { Source: "Npgsql" };

    /// <summary>What callers are told of a failure of the connection.</summary>
    public static StorageUnavailableException AsUnavailable(this Exception exception) => new($"The database cannot be reached: {exception.Message}", exception);
}
