namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>The SQL of <see cref="AccountStore"/>.</summary>
internal static class AccountStatements
{
    private const string Columns = "user_id, password_hash, is_admin, is_guest, deactivated, locked, suspended, app_service_id, created_at, erased";
    private const string TokenColumns = "hash, kind, user_id, device_id, expires_at, refresh_hash";
    private const string RegistrationColumns = "token, uses_allowed, completed, expires_at";

    public static readonly Statement Get = new($"SELECT {Columns} FROM accounts WHERE user_id = $1");
    public static readonly Statement Create = new($"INSERT INTO accounts ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", "the user id is taken");
    public static readonly Statement Update = new("""
        UPDATE accounts SET password_hash = $2, is_admin = $3, is_guest = $4, deactivated = $5, locked = $6, suspended = $7, app_service_id = $8,
            created_at = $9,
        erased = $10 WHERE user_id = $1
        """);
    public static readonly Statement Erased = new("SELECT user_id FROM accounts WHERE erased = 1");
    public static readonly Statement AddCleanup = new("INSERT INTO account_cleanups (user_id, device_id) VALUES ($1, $2) ON CONFLICT DO NOTHING");
    public static readonly Statement RemoveCleanup = new("DELETE FROM account_cleanups WHERE user_id = $1 AND device_id = $2");
    public static readonly Statement Cleanups = new("SELECT device_id FROM account_cleanups WHERE user_id = $1 ORDER BY device_id");
    public static readonly Statement UsersToCleanUp = new("SELECT DISTINCT user_id FROM account_cleanups ORDER BY user_id");
    public static readonly Statement Existing = new("SELECT user_id FROM accounts WHERE user_id = ANY($1)");
    public static readonly Statement Count = new("SELECT count(*) FROM accounts");
    public static readonly Statement List = new($"SELECT {Columns} FROM accounts WHERE user_id > $1 ORDER BY user_id LIMIT $2");

    public static readonly Statement PutToken = new($"""
        INSERT INTO tokens ({TokenColumns}) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (hash) DO UPDATE SET kind = excluded.kind, user_id = excluded.user_id, device_id = excluded.device_id, expires_at = excluded.expires_at,
        refresh_hash = excluded.refresh_hash
        """);
    public static readonly Statement DeleteToken = new("DELETE FROM tokens WHERE hash = $1");
    public static readonly Statement DeleteTokensOfUser = new("DELETE FROM tokens WHERE user_id = $1 AND kind IN (1, 2)");
    public static readonly Statement DeleteTokensOfDevice = new("DELETE FROM tokens WHERE user_id = $1 AND device_id = $2 AND kind IN (1, 2)");
    public static readonly Statement PruneTokens = new("DELETE FROM tokens WHERE expires_at < $1");
    public static readonly Statement TokensOfUser = new($"SELECT {TokenColumns} FROM tokens WHERE user_id = $1");
    public static readonly Statement FindToken = new($"SELECT {TokenColumns} FROM tokens WHERE hash = $1");

    public static readonly Statement GetProfile = new("SELECT field, value FROM profiles WHERE user_id = $1");
    public static readonly Statement PutProfile = new(
        "INSERT INTO profiles (user_id, field_key, field, value) VALUES ($1, $2, $3, $4) " +
        "ON CONFLICT (user_id, field_key) DO UPDATE SET value = excluded.value");
    public static readonly Statement DeleteProfile = new("DELETE FROM profiles WHERE user_id = $1 AND field_key = $2");

    public static readonly Statement PutRegistrationToken = new($"""
        INSERT INTO registration_tokens (token_key, {RegistrationColumns}) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (token_key) DO UPDATE SET uses_allowed = excluded.uses_allowed, completed = excluded.completed, expires_at = excluded.expires_at
        """);
    public static readonly Statement DeleteRegistrationToken = new("DELETE FROM registration_tokens WHERE token_key = $1");
    public static readonly Statement GetRegistrationToken = new($"SELECT {RegistrationColumns} FROM registration_tokens WHERE token_key = $1");
    public static readonly Statement UseNonce = new("INSERT INTO used_nonces (nonce, expires_at) VALUES ($1, $2)", "the nonce was used");
    public static readonly Statement PruneNonces = new("DELETE FROM used_nonces WHERE expires_at < $1");
    public static readonly Statement ListRegistrationTokens = new($"SELECT {RegistrationColumns} FROM registration_tokens ORDER BY token LIMIT 10000");

    public static readonly Func<SqlRow, AccountRow> ReadAccount = static row => new(
        row.Text(0), row.TextOrNull(1), row.Flag(2), row.Flag(3), row.Flag(4), row.Flag(5), row.Flag(6), row.TextOrNull(7), row.Integer(8), row.Flag(9));

    public static readonly Func<SqlRow, TokenRow> ReadToken = static row => new(
        row.Blob(0), (TokenKind)row.Integer(1), row.Text(2), row.Text(3), row.IntegerOrNull(4), row.BlobOrNull(5));

    public static readonly Func<SqlRow, RegistrationTokenRow> ReadRegistrationToken = static row => new(
        row.Text(0), (int?)row.IntegerOrNull(1), (int)row.Integer(2), row.IntegerOrNull(3));
}
