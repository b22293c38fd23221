namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>The searchable list of local accounts and known remote users.</summary>
internal static class UserDirectory
{
    private static readonly Statement Upsert = new("""
        INSERT INTO user_directory (user_id, display_name, avatar_url, search_text) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id) DO UPDATE SET display_name = excluded.display_name, avatar_url = excluded.avatar_url, search_text = excluded.search_text
        WHERE user_directory.display_name IS DISTINCT FROM excluded.display_name OR user_directory.avatar_url IS DISTINCT FROM excluded.avatar_url
        """);

    private static readonly Statement UpdateName = new("UPDATE user_directory SET display_name = $2, search_text = $3 WHERE user_id = $1");
    private static readonly Statement UpdateAvatar = new("UPDATE user_directory SET avatar_url = $2 WHERE user_id = $1");
    private static readonly Statement Delete = new("DELETE FROM user_directory WHERE user_id = $1");

    /// <summary>
    /// Who shares a room with the searcher, or is in a room that anybody may join or read; the searcher only for the latter, as SyTest has it. Of rooms that
    /// nobody of the searcher's server is in any more, nothing is known.
    /// </summary>
    public static readonly Statement Search = new("""
        SELECT user_id, display_name, avatar_url FROM user_directory u WHERE search_text LIKE $2 ESCAPE '\' AND EXISTS (
          SELECT 1 FROM memberships m WHERE m.user_id = u.user_id AND m.membership = 'join' AND (
            EXISTS (SELECT 1 FROM memberships own WHERE own.user_id = $1 AND own.user_id <> m.user_id AND own.room_id = m.room_id AND own.membership = 'join')
            OR EXISTS (SELECT 1 FROM room_summaries s WHERE s.room_id = m.room_id AND (s.join_rule = 'public' OR s.world_readable = 1)
              AND EXISTS (SELECT 1 FROM memberships here WHERE here.room_id = m.room_id AND here.membership = 'join' AND here.server = $4))))
        ORDER BY user_id LIMIT $3
        """);

    public static void Put(WriteUnit unit, string userId, string? displayName, string? avatarUrl) =>
        unit.Add(Upsert, userId, displayName, avatarUrl, SearchText(userId, displayName));

    public static void Rename(WriteUnit unit, string userId, string? displayName) => unit.Add(UpdateName, userId, displayName, SearchText(userId, displayName));

    public static void SetAvatar(WriteUnit unit, string userId, string? avatarUrl) => unit.Add(UpdateAvatar, userId, avatarUrl);

    public static void Remove(WriteUnit unit, string userId) => unit.Add(Delete, userId);

    private static string SearchText(string userId, string? displayName) => $"{userId}\n{displayName}".ToLowerInvariant();
}
