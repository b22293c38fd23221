using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Grains.Push;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Device;

/// <summary>A user's pushers (CS API, Push Notifications), each at work by itself from its own place in the stream (ADR 0140).</summary>
[GrainType("pusher")]
public sealed class PusherGrain(IStorage storage, PushGatewayClient gateway, TimeProvider time, ILogger<PusherGrain> logger) : Grain, IPusherGrain
{
    private const int MaxPushKeyBytes = 512;
    private const int MaxAppIdLength = 64;
    private static readonly string[] s_shown =
        ["app_display_name", "app_id", "data", "device_display_name", "kind", "lang", "org.matrix.msc3881.enabled", "profile_tag", "pushkey"];

    private static readonly string[] s_required = ["app_display_name", "device_display_name", "lang"];

    private readonly Dictionary<(string AppId, string PushKey), PusherRun> _runs = [];
    private Ownership? _ownership;
    private Task? _loading;

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
        IReadOnlyList<string> others = [];
        var outcome = await Ownership.ChangeAsync<Outcome<Nothing>>(async unit =>
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
            {
                others = await storage.Pushers.OthersAsync(UserId, appId, pushKey);
                storage.Pushers.DeleteOfOthers(unit, UserId, appId, pushKey);
            }

            unit.NextPosition(ChangeKind.Pushers, UserId);
            storage.Pushers.Put(
                unit, new PusherRow(UserId, appId, pushKey, deviceId, Render(json), time.GetUtcNow().ToUnixTimeMilliseconds(), storage.Feed.Current));
            return Nothing.Value;
        });
        await LoadAsync();
        foreach (var other in others)
            await GrainFactory.GetGrain<IPusherGrain>(other).Reload();

        // One that could not be told by what it was before may be by what it is now.
        await Wake();
        return outcome;
    }

    public async Task Wake()
    {
        await LoadedAsync();
        foreach (var run in _runs.Values)
        {
            if (run.Wake() is { } wait)
                Schedule(run, wait);
        }
    }

    public async Task ShowBadge(int unread)
    {
        await LoadedAsync();
        await Task.WhenAll(_runs.Values.Select(run => run.ShowBadgeAsync(unread, CancellationToken.None)));
    }

    public async Task ForgetDevices(ImmutableArray<string> deviceIds)
    {
        await Ownership.WriteAsync(unit =>
        {
            foreach (var deviceId in deviceIds)
                storage.Pushers.DeleteOfDevice(unit, UserId, deviceId);
        });
        await LoadAsync();
    }

    public async Task Erase()
    {
        await Ownership.WriteAsync(unit => storage.Pushers.DeleteOfDevice(unit, UserId, deviceId: null));
        await LoadAsync();
    }

    public Task Reload() => LoadAsync();

    private Task LoadedAsync() => _loading is { IsFaulted: false, IsCanceled: false } loading ? loading : _loading = LoadAsync();

    // Brings what is at work in line with what is stored.
    private async Task LoadAsync()
    {
        var rows = (await storage.Pushers.OfUserAsync(UserId)).ToDictionary(static row => (row.AppId, row.PushKey));
        foreach (var (key, run) in _runs.Where(known => !rows.ContainsKey(known.Key)).ToList())
        {
            run.IsOver = true;
            run.Timer?.Dispose();
            _runs.Remove(key);
        }

        foreach (var (key, row) in rows)
        {
            if (PushRequest.Of(row) is not { } request)
                continue;
            if (!_runs.TryGetValue(key, out var run))
                _runs.Add(key, run = new PusherRun(gateway, GrainFactory.GetGrain<IUserGrain>(UserId), time, logger, SaveAsync, RejectAsync));
            run.Set(row, request);
        }

        _loading = Task.CompletedTask;
    }

    private void Schedule(PusherRun run, TimeSpan wait)
    {
        if (run.Timer is { } timer)
            timer.Change(wait, Timeout.InfiniteTimeSpan);
        else
            run.Timer = this.RegisterGrainTimer(
                stop => RunAsync(run, stop),
                new GrainTimerCreationOptions { DueTime = wait, Period = Timeout.InfiniteTimeSpan, Interleave = true, KeepAlive = true });
    }

    private async Task RunAsync(PusherRun run, CancellationToken cancellationToken)
    {
        try
        {
            if (await run.RunAsync(cancellationToken) is { } wait)
                Schedule(run, wait);
        }
        catch (StaleFenceException)
        {
            // Another activation has the pushers: that one goes on.
            DeactivateOnIdle();
        }
    }

    private Task SaveAsync(PusherRow row) => Ownership.WriteAsync(unit => storage.Pushers.SetPlace(unit, row));

    private Task RejectAsync(PusherRow row)
    {
        _runs.Remove((row.AppId, row.PushKey));
        return Ownership.WriteAsync(unit => storage.Pushers.Delete(unit, UserId, row.AppId, row.PushKey));
    }

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
        foreach (var name in s_shown)
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
