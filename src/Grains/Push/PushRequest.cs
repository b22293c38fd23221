using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Push;

/// <summary>
/// A pusher as its JSON says (C-S API, <c>POST pushers/set</c>), and the bodies of requests to its gateway (Push Gateway API, <c>notify</c>). Where the text
/// leaves room they are like those that gateways know: <c>counts</c> without zeros that nobody asked for, <c>id</c> beside <c>event_id</c>, a badge alone as a
/// notification without an event.
/// </summary>
internal sealed class PushRequest
{
    private readonly PusherRow _row;
    private readonly JsonElement _data;

    private PushRequest(PusherRow row, JsonElement data, Uri url, bool isEnabled) => (_row, _data, Url, IsEnabled) = (row, data, url, isEnabled);

    /// <summary>Where the gateway is.</summary>
    public Uri Url { get; }

    /// <summary>MSC3881: false while the user has it turned off.</summary>
    public bool IsEnabled { get; }

    /// <summary>The pusher of a row; null for what is no HTTP pusher.</summary>
    public static PushRequest? Of(PusherRow row)
    {
        if (!JsonText.Read(row.Json).TryGet(out var parsed, out _))
            return null;
        using var document = parsed;
        var json = document.RootElement;
        if (json.ValueKind != JsonValueKind.Object || JsonBytes.StringMember(json, "kind") != "http" ||
            !json.TryGetProperty("data"u8, out var data) || data.ValueKind != JsonValueKind.Object ||
            !Uri.TryCreate(JsonBytes.StringMember(data, "url"), UriKind.Absolute, out var url))
            return null;
        var isEnabled = !json.TryGetProperty("org.matrix.msc3881.enabled"u8, out var flag) || flag.ValueKind != JsonValueKind.False;
        return new PushRequest(row, data.Clone(), url, isEnabled);
    }

    /// <summary>Tells of an event.</summary>
    public ReadOnlyMemory<byte> ForEvent(PendingPush push, int unread)
    {
        var isFull = JsonBytes.StringMember(_data, "format") != "event_id_only";
        return JsonBytes.Object(writer =>
        {
            writer.WriteStartObject("notification"u8);
            if (isFull)
            {
                using var document = JsonText.Parse(push.Event);
                foreach (var member in document.RootElement.EnumerateObject())
                    member.WriteTo(writer);
                writer.WriteString("id"u8, push.EventId);
            }
            else
            {
                writer.WriteString("event_id"u8, push.EventId);
                writer.WriteString("room_id"u8, push.RoomId);
            }

            writer.WriteString("prio"u8, push.IsHigh ? "high"u8 : "low"u8);

            // MSC4076: the client counts for itself.
            if (!_data.TryGetProperty("org.matrix.msc4076.disable_badge_count"u8, out var disabled) || disabled.ValueKind != JsonValueKind.True)
                WriteCounts(writer, unread);
            WriteDevices(writer, isFull ? push.Tweaks : (ReadOnlyMemory<byte>?)null);
            writer.WriteEndObject();
        });
    }

    /// <summary>Tells of the badge alone.</summary>
    public ReadOnlyMemory<byte> ForBadge(int unread) => JsonBytes.Object(writer =>
    {
        writer.WriteStartObject("notification"u8);
        writer.WriteString("id"u8, "");
        writer.WriteNull("type"u8);
        writer.WriteString("sender"u8, "");
        WriteCounts(writer, unread);
        WriteDevices(writer, null);
        writer.WriteEndObject();
    });

    private static void WriteCounts(Utf8JsonWriter writer, int unread)
    {
        writer.WriteStartObject("counts"u8);
        writer.WriteNumber("unread"u8, unread);
        writer.WriteEndObject();
    }

    private void WriteDevices(Utf8JsonWriter writer, ReadOnlyMemory<byte>? tweaks)
    {
        writer.WriteStartArray("devices"u8);
        writer.WriteStartObject();
        writer.WriteString("app_id"u8, _row.AppId);
        writer.WriteString("pushkey"u8, _row.PushKey);
        writer.WriteNumber("pushkey_ts"u8, _row.CreatedAt / 1000);

        // "data: … the data dictionary passed in at pusher creation minus the url key".
        writer.WriteStartObject("data"u8);
        foreach (var member in _data.EnumerateObject().Where(static member => !member.NameEquals("url"u8)))
            member.WriteTo(writer);
        writer.WriteEndObject();
        if (tweaks is { } json)
        {
            writer.WritePropertyName("tweaks"u8);
            writer.WriteRaw(json.Span);
        }

        writer.WriteEndObject();
        writer.WriteEndArray();
    }
}
