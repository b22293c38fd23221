namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>The SQL of <see cref="KeyStore"/>. Columns named …_key hold <see cref="SqlText.Key(string)"/> of what clients name freely.</summary>
internal static class KeyStatements
{
    private const string KeyColumns = "user_id, device_id, algorithm, key_id, json";

    public static readonly Statement DeviceKeys = new("SELECT user_id, device_id, json FROM device_keys WHERE user_id = $1 ORDER BY device_id");
    public static readonly Statement PutDeviceKeys = new(
        "INSERT INTO device_keys (user_id, device_id, json) VALUES ($1, $2, $3) ON CONFLICT (user_id, device_id) DO UPDATE SET json = excluded.json");
    public static readonly Statement CrossSigningKeys = new("SELECT user_id, usage, json FROM cross_signing_keys WHERE user_id = $1 ORDER BY usage");
    public static readonly Statement PutCrossSigningKey = new(
        "INSERT INTO cross_signing_keys (user_id, usage, json) VALUES ($1, $2, $3) ON CONFLICT (user_id, usage) DO UPDATE SET json = excluded.json");
    public static readonly Statement PutSignature = new("""
        INSERT INTO key_signatures (target_user_id, signer_id, signed_key, key_id, target, signature) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (target_user_id, signer_id, signed_key) DO UPDATE SET signature = excluded.signature
        """);
    public static readonly Statement DeviceKeysOfUsers = new("""
        SELECT keys.user_id, keys.device_id, keys.json, devices.display_name FROM device_keys keys
        LEFT JOIN devices ON devices.user_id = keys.user_id AND devices.device_id = keys.device_id
        WHERE keys.user_id = ANY($1) ORDER BY keys.user_id, keys.device_id
        """);
    public static readonly Statement CrossSigningKeysOfUsers = new("SELECT user_id, usage, json FROM cross_signing_keys WHERE user_id = ANY($1)");
    public static readonly Statement SignaturesOfUsers = new("""
        SELECT target_user_id, signer_id, key_id, target, signature FROM key_signatures WHERE target_user_id = ANY($1)
        ORDER BY target_user_id, signer_id, signed_key
        """);

    public static readonly Statement OneTimeKeys =
        new($"SELECT {KeyColumns} FROM one_time_keys WHERE user_id = $1 AND device_id = $2 ORDER BY algorithm_key, uploaded_at, id_key");
    public static readonly Statement PutOneTimeKey = new("""
        INSERT INTO one_time_keys (user_id, device_id, algorithm_key, id_key, algorithm, key_id, json, uploaded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (user_id, device_id, algorithm_key, id_key) DO UPDATE SET json = excluded.json
        """);
    public static readonly Statement PutFallbackKey = new("""
        INSERT INTO fallback_keys (user_id, device_id, algorithm_key, algorithm, key_id, json, used) VALUES ($1, $2, $3, $4, $5, $6, 0)
        ON CONFLICT (user_id, device_id, algorithm_key) DO UPDATE SET key_id = excluded.key_id, json = excluded.json,
        used = CASE WHEN fallback_keys.key_id = excluded.key_id AND fallback_keys.json = excluded.json THEN fallback_keys.used ELSE 0 END
        """);

    /// <summary>1 if there is a one-time key of the algorithm, 2 if there is a fallback key.</summary>
    public static readonly Statement HasKeys = new("""
        SELECT CAST(1 AS bigint) WHERE EXISTS (SELECT 1 FROM one_time_keys WHERE user_id = $1 AND device_id = $2 AND algorithm_key = $3)
        UNION ALL SELECT CAST(2 AS bigint) WHERE EXISTS (SELECT 1 FROM fallback_keys WHERE user_id = $1 AND device_id = $2 AND algorithm_key = $3)
        """);
    public static readonly Statement Claim = new($"""
        DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = $2 AND algorithm_key = $3 AND id_key =
        (SELECT id_key FROM one_time_keys WHERE user_id = $1 AND device_id = $2 AND algorithm_key = $3
            ORDER BY uploaded_at, id_key LIMIT 1) RETURNING {KeyColumns}
        """);
    public static readonly Statement ClaimFallback = new(
        $"UPDATE fallback_keys SET used = 1 WHERE user_id = $1 AND device_id = $2 AND algorithm_key = $3 RETURNING {KeyColumns}");
    public static readonly Statement Counts = new("SELECT algorithm, count(*) FROM one_time_keys WHERE user_id = $1 AND device_id = $2 GROUP BY algorithm");
    public static readonly Statement UnusedFallbacks =
        new("SELECT algorithm FROM fallback_keys WHERE user_id = $1 AND device_id = $2 AND used = 0 ORDER BY algorithm");

    public static readonly Statement AddDeviceListChange = new(
        "INSERT INTO device_list_changes (user_id, only_for, pos) VALUES ($1, $2, $3) ON CONFLICT (user_id, only_for) DO UPDATE SET pos = excluded.pos");
    public static readonly Statement DeviceListChanges = new("SELECT user_id FROM device_list_changes WHERE pos > $1 AND pos <= $2 AND only_for IN ('', $3)");

    public static readonly Func<SqlRow, OneTimeKeyRow> ReadKey = static row => new(row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Blob(4));
}
