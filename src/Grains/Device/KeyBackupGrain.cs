using System.Globalization;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>Server-side key backups (CS API, server-side key backups). The etag counts the changes of a backup's keys.</summary>
[GrainType("keybackup")]
public sealed class KeyBackupGrain(IStorage storage, MatrixSettings settings) : Grain, IKeyBackupGrain
{
    private const int MaxAlgorithmLength = 255;

    private Fence? _fence;

    private string UserId => this.GetPrimaryKeyString();

    private IKeyBackupStore Store => storage.Keys.Backups;

    public async Task<Outcome<ReadOnlyMemory<byte>>> CreateVersion(ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (ReadVersionInfo(document.RootElement, out var algorithm, out var authData) is { } invalid)
            return invalid;
        await OwnAsync();
        if (Budgets.Backups.CheckAll(await Store.CountAsync(UserId) + 1) is { } full)
            return full;
        var version = (await Store.LastVersionAsync(UserId)) + 1;
        var unit = new WriteUnit(_fence);
        Store.Put(unit, new KeyBackupRow(UserId, version, algorithm, authData, 0, false, 0));
        await CommitAsync(unit);
        return JsonBytes.Object(w => w.WriteString("version"u8, Text(version)));
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> GetVersion(string? version)
    {
        var row = version is null ? await Store.GetAsync(UserId, null) : await FindAsync(version);
        if (row is null || row.Deleted)
            return version is null ? MatrixError.NotFound("No current backup version") : UnknownVersion();
        return JsonBytes.Object(w =>
        {
            w.WriteString("algorithm"u8, row.Algorithm);
            w.WritePropertyName("auth_data"u8);
            w.WriteRaw(row.AuthData.Span);
            w.WriteNumber("count"u8, row.Count);
            w.WriteString("etag"u8, Text(row.Etag));
            w.WriteString("version"u8, Text(row.Version));
        });
    }

    public async Task<Outcome<Nothing>> UpdateVersion(string version, ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        var json = document.RootElement;
        if (ReadVersionInfo(json, out var algorithm, out var authData) is { } invalid)
            return invalid;
        // A number is taken too: SyTest sends one.
        if (json.TryGetProperty("version"u8, out var inBody) &&
            (inBody.ValueKind == JsonValueKind.String ? inBody.GetString() : inBody.GetRawText()) != version)
            return MatrixError.InvalidParam("The version in the body is not the version in the path");
        await OwnAsync();
        var row = await FindAsync(version);
        if (row is null || row.Deleted)
            return UnknownVersion();
        if (row.Algorithm != algorithm)
            return MatrixError.InvalidParam("Algorithm does not match");
        var unit = new WriteUnit(_fence);
        Store.Put(unit, row with { AuthData = authData });
        await CommitAsync(unit);
        return Nothing.Value;
    }

    public async Task<Outcome<Nothing>> DeleteVersion(string version)
    {
        await OwnAsync();
        var row = await FindAsync(version);
        if (row is null)
            return UnknownVersion();
        if (row.Deleted)
            return Nothing.Value;
        var unit = new WriteUnit(_fence);
        Store.Delete(unit, UserId, row.Version);
        await CommitAsync(unit);
        return Nothing.Value;
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> PutKeys(string version, string? roomId, string? sessionId, ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        if (BackupSession.Read(document.RootElement, roomId, sessionId, out var sessions) is { } invalid)
            return invalid;
        await OwnAsync();
        var current = await Store.GetAsync(UserId, null);
        var row = await FindAsync(version);
        if (row is null || row.Deleted || current is null)
            return UnknownVersion();
        if (row.Version != current.Version)
            return WrongVersion(current.Version);

        var unit = new WriteUnit(_fence);
        var added = 0;
        foreach (var session in sessions)
        {
            var stored = await Store.SessionsAsync(UserId, row.Version, session.RoomId, session.SessionId);
            if (stored.Count != 0 && !session.IsBetterThan(stored[0].Json))
                continue;
            added += stored.Count == 0 ? 1 : 0;
            Store.PutSession(unit, UserId, row.Version, new BackupSessionRow(session.RoomId, session.SessionId, session.Json));
        }

        if (unit.IsEmpty)
            return Update(row);
        if (added > 0 && settings.BudgetOf(Budgets.BackedUpKeys).CheckAll(await Store.CountSessionsAsync(UserId) + added) is { } full)
            return full;
        row = row with { Etag = row.Etag + 1, Count = row.Count + added };
        Store.Put(unit, row);
        await CommitAsync(unit);
        return Update(row);
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> GetKeys(string version, string? roomId, string? sessionId)
    {
        var row = await FindAsync(version);
        if (row is null || row.Deleted)
            return UnknownVersion();
        var sessions = await Store.SessionsAsync(UserId, row.Version, roomId, sessionId);
        if (sessionId is not null)
            return sessions.Count == 0 ? MatrixError.NotFound("Key not found.") : sessions[0].Json;
        return JsonBytes.Object(w =>
        {
            if (roomId is not null)
            {
                WriteSessions(w, sessions);
                return;
            }

            w.WriteStartObject("rooms"u8);
            foreach (var room in sessions.GroupBy(s => s.RoomId))
            {
                w.WriteStartObject(room.Key);
                WriteSessions(w, room);
                w.WriteEndObject();
            }

            w.WriteEndObject();
        });
    }

    public async Task<Outcome<ReadOnlyMemory<byte>>> DeleteKeys(string version, string? roomId, string? sessionId)
    {
        await OwnAsync();
        var row = await FindAsync(version);
        if (row is null || row.Deleted)
            return UnknownVersion();
        var deleted = roomId is null ? row.Count : (await Store.SessionsAsync(UserId, row.Version, roomId, sessionId)).Count;
        if (deleted == 0)
            return Update(row);
        var unit = new WriteUnit(_fence);
        Store.DeleteSessions(unit, UserId, row.Version, roomId, sessionId);
        row = row with { Etag = row.Etag + 1, Count = row.Count - deleted };
        Store.Put(unit, row);
        await CommitAsync(unit);
        return Update(row);
    }

    public async Task Erase()
    {
        await OwnAsync();
        var unit = new WriteUnit(_fence);
        Store.DeleteAll(unit, UserId);
        await CommitAsync(unit);
    }

    private static MatrixError? ReadVersionInfo(JsonElement json, out string algorithm, out ReadOnlyMemory<byte> authData)
    {
        algorithm = "";
        authData = default;
        if (!json.TryGetProperty("algorithm"u8, out var name))
            return MatrixError.MissingParam("algorithm is missing");
        if (!json.TryGetProperty("auth_data"u8, out var data))
            return MatrixError.MissingParam("auth_data is missing");
        if (name.ValueKind != JsonValueKind.String || name.GetString()!.Length is 0 or > MaxAlgorithmLength)
            return MatrixError.InvalidParam("algorithm is not a name");
        // The specification has an object; SyTest sends an opaque string, and the server never looks into it.
        if (data.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
            return MatrixError.BadJson("auth_data is not an object");
        algorithm = name.GetString()!;
        authData = JsonBytes.Raw(data);
        return Budgets.Backups.CheckItem(authData.Length);
    }

    private static void WriteSessions(Utf8JsonWriter w, IEnumerable<BackupSessionRow> sessions)
    {
        w.WriteStartObject("sessions"u8);
        foreach (var session in sessions.Where(s => JsonText.IsReadable(s.Json.Span)))
        {
            w.WritePropertyName(session.SessionId);
            w.WriteRaw(session.Json.Span);
        }

        w.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Update(KeyBackupRow row) => JsonBytes.Object(w =>
    {
        w.WriteNumber("count"u8, row.Count);
        w.WriteString("etag"u8, Text(row.Etag));
    });

    private static MatrixError UnknownVersion() => MatrixError.NotFound("Unknown backup version");

    private static MatrixError WrongVersion(long current) =>
        new MatrixError(ErrCodes.WrongRoomKeysVersion, 403, "Wrong backup version.").With(w => w.WriteString("current_version"u8, Text(current)));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private async ValueTask<KeyBackupRow?> FindAsync(string version) =>
        long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && Text(number) == version
            ? await Store.GetAsync(UserId, number)
            : null;

    // The fence is taken before what is built on is read (ADR 0004).
    private async ValueTask OwnAsync() => _fence ??= await storage.AcquireFenceAsync($"key-backup:{UserId}");

    private async Task CommitAsync(WriteUnit unit)
    {
        try
        {
            await storage.CommitAsync(unit);
        }
        catch
        {
            // Another activation may own the backups now: start again from storage.
            _fence = null;
            DeactivateOnIdle();
            throw;
        }
    }
}
