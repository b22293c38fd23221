using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Gateway.Client;

/// <summary>capabilities.yaml: what the user can do here.</summary>
internal static class Capabilities
{
    private static readonly (string Name, bool Enabled)[] s_flags =
    [
        ("m.change_password", true),
        ("m.set_displayname", true),
        ("m.set_avatar_url", true),
        ("m.profile_fields", true),
        ("m.3pid_changes", false),
        ("m.get_login_token", true),
        ("m.forget_forced_upon_leave", false),
    ];

    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet(
        "/_matrix/client/v3/capabilities",
        static request => ValueTask.FromResult(MatrixResponse.Object(writer =>
        {
            writer.WriteStartObject("capabilities"u8);
            writer.WriteStartObject("m.room_versions"u8);
            writer.WriteString("default"u8, request.Settings.DefaultRoomVersion);
            writer.WriteStartObject("available"u8);
            foreach (var version in RoomVersion.All)
                writer.WriteString(version.Id, "stable"u8);
            writer.WriteEndObject();
            writer.WriteEndObject();
            foreach (var (name, enabled) in s_flags)
            {
                writer.WriteStartObject(name);
                writer.WriteBoolean("enabled"u8, enabled);
                writer.WriteEndObject();
            }

            if (request.Requester.IsAdmin)
            {
                writer.WriteStartObject("m.account_moderation"u8);
                writer.WriteBoolean("lock"u8, true);
                writer.WriteBoolean("suspend"u8, true);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        })),
        EndpointOptions.Guest.Limited());
}
