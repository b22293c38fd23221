using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Device;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>user_keys.yaml: keys of local users' devices (S-S API, End-to-End Encryption).</summary>
internal static class UserKeys
{
    private const int MaxUsers = 1000;
    private const int MaxDevices = 10_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/federation/v1/user/keys/query", QueryAsync, EndpointOptions.Server);
        routes.MapMatrixPost("/_matrix/federation/v1/user/keys/claim", ClaimAsync, EndpointOptions.Server);
    }

    internal static void WriteRaw(Utf8JsonWriter writer, string name, ReadOnlyMemory<byte> json)
    {
        writer.WritePropertyName(name);
        writer.WriteRaw(json.Span);
    }

    private static async ValueTask<MatrixResponse> QueryAsync(MatrixRequest request)
    {
        if (!(await ReadUsersAsync(request, "device_keys", JsonValueKind.Array)).TryGet(out var users, out var error))
            return error;
        if (users.Any(static u => u.Value.EnumerateArray().Any(static d => d.ValueKind != JsonValueKind.String)))
            return MatrixError.BadJson("device_keys has a device id that is not a string");
        // The answer is written when the request's body is gone.
        var wanted = users.Select(static u => (u.Name, Ids: u.Value.EnumerateArray().Select(static d => d.GetString()).ToHashSet(StringComparer.Ordinal)))
            .ToList();
        var found = await Task.WhenAll(
            wanted.Select(async user => (user.Name, user.Ids, Keys: await request.Grain<IUserKeysGrain>(user.Name).Published(null))));
        return MatrixResponse.Object(writer =>
        {
            writer.WriteStartObject("device_keys"u8);
            foreach (var (userId, ids, keys) in found)
            {
                writer.WriteStartObject(userId);
                foreach (var device in keys.Devices.Where(d => ids.Count == 0 || ids.Contains(d.DeviceId)))
                    WriteDevice(writer, device);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            WriteKeys(writer, "master_keys", found.Select(static f => (f.Name, f.Keys.Master)));
            WriteKeys(writer, "self_signing_keys", found.Select(static f => (f.Name, f.Keys.SelfSigning)));
        });
    }

    private static async ValueTask<MatrixResponse> ClaimAsync(MatrixRequest request)
    {
        if (!(await ReadUsersAsync(request, "one_time_keys", JsonValueKind.Object)).TryGet(out var users, out var error))
            return error;
        var claims = users.SelectMany(static u => u.Value.EnumerateObject().Select(d => (UserId: u.Name, DeviceId: d.Name, Algorithm: d.Value))).ToList();
        if (claims.Count > MaxDevices)
            return MatrixError.TooLarge("Too many devices");
        if (claims.Exists(static c => c.Algorithm.ValueKind != JsonValueKind.String))
            return MatrixError.BadJson("one_time_keys has an algorithm that is not a string");
        var claimed = new List<(string UserId, string DeviceId, ClaimedKey Key)>();
        foreach (var (userId, deviceId, algorithm) in claims.DistinctBy(static c => (c.UserId, c.DeviceId)))
        {
            try
            {
                if (await request.Grain<IUserKeysGrain>(userId).ClaimOwn(deviceId, algorithm.GetString()!) is { } key)
                    claimed.Add((userId, deviceId, key));
            }
            catch (Exception fault) when (claimed.Count > 0)
            {
                // What was claimed of others is gone and has to be sent.
                request.NoteFault(fault);
            }
        }

        return MatrixResponse.Object(writer =>
        {
            writer.WriteStartObject("one_time_keys"u8);
            foreach (var user in claimed.GroupBy(static c => c.UserId))
            {
                writer.WriteStartObject(user.Key);
                foreach (var (_, deviceId, key) in user)
                {
                    writer.WriteStartObject(deviceId);
                    WriteRaw(writer, key.KeyId, key.Json);
                    writer.WriteEndObject();
                }

                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        });
    }

    /// <summary>The local users of a request; those of other servers are left out.</summary>
    private static async ValueTask<Outcome<List<JsonProperty>>> ReadUsersAsync(MatrixRequest request, string member, JsonValueKind kind)
    {
        if (!(await request.ReadObjectAsync()).TryGet(out var body, out var error))
            return error;
        if (!body.TryGetProperty(member, out var users) || users.ValueKind != JsonValueKind.Object)
            return MatrixError.BadJson($"{member} is not an object");
        if (users.GetPropertyCount() > MaxUsers)
            return MatrixError.TooLarge("Too many users");
        var local = new Dictionary<string, JsonProperty>(StringComparer.Ordinal);
        foreach (var user in users.EnumerateObject())
        {
            if (!UserId.TryParse(user.Name, out var userId) || user.Value.ValueKind != kind)
                return MatrixError.BadJson($"{member} has a key that is not a user id, or a value of the wrong type");
            if (userId.Domain.SequenceEqual(request.Settings.ServerName.Value))
                local[user.Name] = user;
        }

        return local.Values.ToList();
    }

    private static void WriteDevice(Utf8JsonWriter writer, PublishedDeviceKeys device)
    {
        using var document = JsonText.Parse(device.Json);
        writer.WriteStartObject(device.DeviceId);
        foreach (var member in document.RootElement.EnumerateObject())
            member.WriteTo(writer);
        writer.WriteStartObject("unsigned"u8);
        if (device.DisplayName is { } name)
            writer.WriteString("device_display_name"u8, name);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteKeys(Utf8JsonWriter writer, string name, IEnumerable<(string UserId, ReadOnlyMemory<byte>? Key)> keys)
    {
        writer.WriteStartObject(name);
        foreach (var (userId, key) in keys)
        {
            if (key is { } json)
                WriteRaw(writer, userId, json);
        }

        writer.WriteEndObject();
    }
}
