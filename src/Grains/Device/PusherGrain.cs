using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>A user's pushers (CS API, Push Notifications).</summary>
[GrainType("pusher")]
public sealed class PusherGrain(IStorage storage, TimeProvider time) : Grain, IPusherGrain
{
    private const int MaxPushKeyBytes = 512;
    private const int MaxAppIdLength = 64;
    private static readonly string[] s_required = ["app_display_name", "device_display_name", "lang"];

    private Ownership? _ownership;

    private string UserId => this.GetPrimaryKeyString();

    private Ownership Ownership => _ownership ??= new Ownership(storage, $"pushers:{UserId}");

    public async Task<ReadOnlyMemory<byte>> List()
    {
        var pushers = await storage.Pushers.OfUserAsync(UserId);
        return JsonBytes.Object(w =>
        {
            w.WriteStartArray("pushers"u8);
            foreach (var pusher in pushers.Where(p => JsonText.IsReadable(p.Json.Span)))
                w.WriteRaw(pusher.Json.Span);
            w.WriteEndArray();
        });
    }

    public async Task<Outcome<Nothing>> Set(string deviceId, ReadOnlyMemory<byte> body)
    {
        using var document = JsonBytes.ParseObject(body, out var error);
        if (document is null)
            return error!;
        var json = document.RootElement;
        if (!TryGetString(json, "app_id", out var appId) || !TryGetString(json, "pushkey", out var pushKey) || !json.TryGetProperty("kind"u8, out var kind))
            return MatrixError.MissingParam("Missing parameters: app_id, pushkey, kind");
        if (appId.Length is 0 or > MaxAppIdLength || Encoding.UTF8.GetByteCount(pushKey) is 0 or > MaxPushKeyBytes)
            return MatrixError.InvalidParam("app_id or pushkey is empty or too long");
        var isDeleted = kind.ValueKind == JsonValueKind.Null;
        if (!isDeleted && Check(json, kind) is { } invalid)
            return invalid;
        return await Ownership.ChangeAsync<Outcome<Nothing>>(async unit =>
        {
            if (isDeleted)
            {
                storage.Pushers.Delete(unit, UserId, appId, pushKey);
                return Nothing.Value;
            }

            var pushers = await storage.Pushers.OfUserAsync(UserId);
            if (!pushers.Any(p => p.AppId == appId && p.PushKey == pushKey) && Budgets.Pushers.CheckAll(pushers.Count + 1) is { } full)
                return full;
            var append = json.TryGetProperty("append"u8, out var flag) && flag.ValueKind == JsonValueKind.True;
            if (!append)
                storage.Pushers.DeleteOfOthers(unit, UserId, appId, pushKey);
            storage.Pushers.Put(unit, new PusherRow(UserId, appId, pushKey, deviceId, Render(json), time.GetUtcNow().ToUnixTimeMilliseconds()));
            return Nothing.Value;
        });
    }

    public Task ForgetDevices(ImmutableArray<string> deviceIds) => Ownership.WriteAsync(unit =>
    {
        foreach (var deviceId in deviceIds)
            storage.Pushers.DeleteOfDevice(unit, UserId, deviceId);
    });

    public Task Erase() => Ownership.WriteAsync(unit => storage.Pushers.DeleteOfDevice(unit, UserId, deviceId: null));

    private static MatrixError? Check(JsonElement json, JsonElement kind)
    {
        if (kind.ValueKind != JsonValueKind.String)
            return MatrixError.BadJson("kind is neither a string nor null");
        if (s_required.Any(name => !TryGetString(json, name, out _)) || !json.TryGetProperty("data"u8, out var data) || data.ValueKind != JsonValueKind.Object)
            return MatrixError.MissingParam("Missing parameters: app_display_name, device_display_name, lang, data");
        if ((OptionalMembers.Strings(json, "profile_tag") ?? OptionalMembers.Booleans(json, "append") ?? OptionalMembers.Strings(data, "format")) is { } wrong)
            return wrong;
        if (Budgets.Pushers.CheckItem(JsonBytes.Raw(json).Length) is { } tooLarge)
            return tooLarge;
        if (!kind.ValueEquals("http"u8))
            return MatrixError.InvalidParam("The only kind of pusher is http");
        return TryGetString(data, "url", out var url) && Uri.TryCreate(url, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp) && uri.AbsolutePath == "/_matrix/push/v1/notify"
            ? null
            : MatrixError.InvalidParam("data.url must be an HTTPS URL with the path /_matrix/push/v1/notify");
    }

    private static ReadOnlyMemory<byte> Render(JsonElement json) => JsonBytes.Object(w =>
    {
        foreach (var name in (ReadOnlySpan<string>)["app_display_name", "app_id", "data", "device_display_name", "kind", "lang", "profile_tag", "pushkey"])
        {
            if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
                continue;
            w.WritePropertyName(name);
            value.WriteTo(w);
        }
    });

    private static bool TryGetString(JsonElement json, string name, out string value)
    {
        var found = json.TryGetProperty(name, out var element) && element.ValueKind == JsonValueKind.String;
        value = found ? element.GetString()! : "";
        return found;
    }
}
