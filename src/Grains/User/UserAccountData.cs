using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.User.Sync;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>A user's account data and tags, read from and written to storage.</summary>
public sealed class UserAccountData(IStorage storage, MatrixSettings settings, Ownership ownership, string userId)
{
    public const string FullyRead = "m.fully_read";
    public const string PushRules = "m.push_rules";
    private const string Tag = "m.tag";
    private const int MaxTypeLength = 255;

    /// <summary>The content; M_NOT_FOUND if there is none. Push rules are always there.</summary>
    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> GetAsync(string roomId, string type)
    {
        if (await storage.AccountData.GetAsync(userId, roomId, type) is { } row && IsObject(row))
            return row.Json;
        return roomId.Length == 0 && type == PushRules ? PooledJson.Build(PushRuleset.Default(userId).WriteTo) : MatrixError.NotFound("No such account data");
    }

    /// <summary>Stores what a client sets.</summary>
    public async ValueTask<Outcome<Nothing>> SetAsync(string roomId, string type, ReadOnlyMemory<byte> json)
    {
        if (type is FullyRead or PushRules)
            return new MatrixError(ErrCodes.BadJson, 405, $"{type} is set by the server");
        if (type.Length is 0 or > MaxTypeLength)
            return MatrixError.InvalidParam("The type is empty or too long");
        if (Budgets.AccountData.CheckItem(json.Length) is { } tooLarge)
            return tooLarge;
        return await ownership.ChangeAsync<Outcome<Nothing>>(async unit =>
        {
            var known = await storage.AccountData.GetAsync(userId, roomId, type);
            var (count, bytes) = await storage.AccountData.SizeAsync(userId);
            // What takes no more room than before is always let through.
            if (json.Length > (known?.Json.Length ?? -1) &&
                settings.BudgetOf(Budgets.AccountData).CheckAll(count + (known is null ? 1 : 0), bytes + json.Length - (known?.Json.Length ?? 0)) is { } full)
                return full;
            Put(unit, roomId, type, json);
            return Nothing.Value;
        });
    }

    /// <summary>Stores a filter; its id.</summary>
    public async ValueTask<Outcome<string>> AddFilterAsync(ReadOnlyMemory<byte> json)
    {
        if (Budgets.Filters.CheckItem(json.Length) is { } tooLarge)
            return tooLarge;
        if (!SyncFilter.Parse(json).TryGet(out _, out var error))
            return error;
        var (count, bytes) = await storage.AccountData.FiltersSizeAsync(userId);
        // Equal filters are one, so that it may be there already.
        return Budgets.Filters.CheckAll(count + 1, bytes + json.Length) is { } full && !await storage.AccountData.HasFilterAsync(userId, json) ? full
            : await storage.AccountData.AddFilterAsync(userId, json);
    }

    /// <summary>Stores content and announces it.</summary>
    public async ValueTask PutAsync(string roomId, string type, ReadOnlyMemory<byte> json) => await ownership.WriteAsync(unit => Put(unit, roomId, type, json));

    /// <summary>Changes what is stored, as <see cref="Ownership.ChangeAsync"/> says.</summary>
    public async ValueTask<T> ChangeAsync<T>(Func<WriteUnit, ValueTask<T>> change) => await ownership.ChangeAsync(change);

    /// <summary>Puts content into a unit.</summary>
    public void Put(WriteUnit unit, string roomId, string type, ReadOnlyMemory<byte> json)
    {
        ArgumentNullException.ThrowIfNull(unit);
        storage.AccountData.Put(unit, new AccountDataRow(userId, roomId, type, json, 0), unit.NextPosition(ChangeKind.AccountData, userId));
    }

    /// <summary>The tags of a room as <c>{"tags": …}</c>.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> GetTagsAsync(string roomId) =>
        await storage.AccountData.GetAsync(userId, roomId, Tag) is { } row && IsObject(row) ? row.Json : "{\"tags\":{}}"u8.ToArray();

    // Whatever came to be stored otherwise counts as nothing, and is written over.
    private static bool IsObject(AccountDataRow row) => JsonText.IsReadable(row.Json.Span) && row.Json.Span[0] == '{';

    /// <summary>Sets a tag, or with null removes it.</summary>
    public async ValueTask<Outcome<Nothing>> SetTagAsync(string roomId, string tag, ReadOnlyMemory<byte>? content)
    {
        // "The name of a tag MUST NOT exceed 255 bytes."
        if (System.Text.Encoding.UTF8.GetByteCount(tag) > MaxTypeLength)
            return MatrixError.InvalidParam("The tag's name is too long");
        if (Budgets.Tags.CheckItem(content?.Length ?? 0) is { } tooLarge)
            return tooLarge;
        if (content is { } json && CheckTag(json) is { } wrong)
            return wrong;
        return await ownership.ChangeAsync(unit => PutTagAsync(unit, roomId, tag, content));
    }

    private static MatrixError? CheckTag(ReadOnlyMemory<byte> json)
    {
        using var document = JsonBytes.ParseObject(json, out var error);
        return document is null ? error : OptionalMembers.Numbers(document.RootElement, "order");
    }

    private async ValueTask<Outcome<Nothing>> PutTagAsync(WriteUnit unit, string roomId, string tag, ReadOnlyMemory<byte>? content)
    {
        var tags = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        if (JsonBytes.TryParseObject(await GetTagsAsync(roomId), out var stored) && stored.TryGetProperty("tags", out var present) &&
            present.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in present.EnumerateObject())
                tags[member.Name] = member.Value;
        }

        tags.Remove(tag);
        if (content is not null && Budgets.Tags.CheckAll(tags.Count + 1) is { } full)
            return full;
        Put(unit, roomId, Tag, PooledJson.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("tags"u8);
            foreach (var (name, value) in tags)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            if (content is { } json)
            {
                writer.WritePropertyName(tag);
                writer.WriteRaw(json.Span);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }));
        return Nothing.Value;
    }
}
