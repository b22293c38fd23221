namespace OrleansMatrix.Storage.Sql.Stores;

/// <summary>What is known of local and cached remote media.</summary>
internal sealed class MediaStore(ISqlDatabase database) : IMediaStore
{
    private static readonly Statement Select = new(
        "SELECT origin, media_id, uploader, content_type, file_name, size, sha256, created_at FROM media WHERE origin = $1 AND media_id = $2");

    // quarantined, a column that wants a value, is not in use.
    private static readonly Statement Upsert = new("""
        INSERT INTO media (origin, media_id, uploader, content_type, file_name, size, sha256, created_at, quarantined) VALUES ($1, $2, $3, $4, $5, $6, $7,
            $8, 0)
        ON CONFLICT (origin, media_id) DO UPDATE SET uploader = excluded.uploader, content_type = excluded.content_type, file_name = excluded.file_name,
            size = excluded.size,
        sha256 = excluded.sha256, created_at = excluded.created_at
        """);

    private static readonly Statement DeleteOne = new("DELETE FROM media WHERE origin = $1 AND media_id = $2");

    public ValueTask<MediaRow?> GetAsync(string origin, string mediaId, CancellationToken cancellationToken = default) =>
        database.FirstAsync(
            Select,
            static row => new MediaRow(
                row.Text(0), row.Text(1), row.TextOrNull(2), row.TextOrNull(3), row.TextOrNull(4), row.Integer(5), row.TextOrNull(6), row.Integer(7)),
            cancellationToken, origin, mediaId);

    public void Put(WriteUnit unit, MediaRow row) =>
        unit.Add(Upsert, row.Origin, row.MediaId, row.Uploader, row.ContentType, row.FileName, row.Size, row.Sha256, row.CreatedAt);

    public void Delete(WriteUnit unit, string origin, string mediaId) => unit.Add(DeleteOne, origin, mediaId);
}
