using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.Device;

/// <summary>Gathers the answer of keys/query.</summary>
internal sealed class KeyQueryAnswer
{
    // The kind of key, the user, the device: what cannot be read below is left out by itself.
    private const int LevelsOfDevices = 3;

    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _devices = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _masters = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _selfSigning = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _userSigning = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _failures = new(StringComparer.Ordinal);

    public void AddLocal(string userId, PublishedKeys keys, Func<string, bool> wanted)
    {
        _devices[userId] = JsonBytes.Object(w =>
        {
            foreach (var device in keys.Devices.Where(d => wanted(d.DeviceId)))
                WriteDevice(w, device);
        });
        AddKey(_masters, userId, keys.Master);
        AddKey(_selfSigning, userId, keys.SelfSigning);
        AddKey(_userSigning, userId, keys.UserSigning);
    }

    /// <summary>Takes what another server says about the users that it was asked about, and nothing else it may say.</summary>
    public void AddRemote(string server, IReadOnlySet<string> asked, Outcome<ReadOnlyMemory<byte>> answer)
    {
        JsonDocument? document = null;
        var error = answer.Error;
        if (error is null)
            document = JsonBytes.ParseObject(JsonParts.Readable(answer.Value, LevelsOfDevices, out _), out error);
        if (document is null)
        {
            _failures[server] = error!.ToJson();
            return;
        }

        using (document)
        {
            Copy(document.RootElement, "device_keys", asked, _devices);
            Copy(document.RootElement, "master_keys", asked, _masters);
            Copy(document.RootElement, "self_signing_keys", asked, _selfSigning);
        }
    }

    public ReadOnlyMemory<byte> ToJson() => JsonBytes.Object(w =>
    {
        Write(w, "device_keys", _devices);
        Write(w, "failures", _failures);
        Write(w, "master_keys", _masters);
        Write(w, "self_signing_keys", _selfSigning);
        Write(w, "user_signing_keys", _userSigning);
    });

    private static void AddKey(SortedDictionary<string, ReadOnlyMemory<byte>> keys, string userId, ReadOnlyMemory<byte>? json)
    {
        if (json is { } key)
            keys[userId] = key;
    }

    private static void WriteDevice(Utf8JsonWriter w, PublishedDeviceKeys device)
    {
        using var document = JsonText.Parse(device.Json);
        w.WriteStartObject(device.DeviceId);
        foreach (var member in document.RootElement.EnumerateObject())
            member.WriteTo(w);
        w.WriteStartObject("unsigned"u8);
        if (device.DisplayName is { } name)
            w.WriteString("device_display_name"u8, name);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    private static void Copy(JsonElement answer, string member, IReadOnlySet<string> asked, SortedDictionary<string, ReadOnlyMemory<byte>> target)
    {
        if (!answer.TryGetProperty(member, out var users) || users.ValueKind != JsonValueKind.Object)
            return;
        foreach (var user in users.EnumerateObject())
        {
            if (asked.Contains(user.Name) && user.Value.ValueKind == JsonValueKind.Object)
                target[user.Name] = JsonBytes.Raw(user.Value);
        }
    }

    private static void Write(Utf8JsonWriter w, string name, SortedDictionary<string, ReadOnlyMemory<byte>> values)
    {
        w.WriteStartObject(name);
        foreach (var (key, json) in values)
        {
            w.WritePropertyName(key);
            w.WriteRaw(json.Span);
        }

        w.WriteEndObject();
    }
}
