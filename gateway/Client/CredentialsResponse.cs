using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>The answer of registering, logging in and refreshing.</summary>
internal static class CredentialsResponse
{
    public static MatrixResponse From(MatrixRequest request, Outcome<Credentials> outcome) => MatrixResponse.From(outcome, (writer, credentials) =>
    {
        writer.WriteString("user_id"u8, credentials.UserId);
        writer.WriteString("home_server"u8, request.Settings.ServerName.Value);
        if (credentials.AccessToken is null)
            return;
        writer.WriteString("access_token"u8, credentials.AccessToken);
        writer.WriteString("device_id"u8, credentials.DeviceId);
        if (credentials.RefreshToken is not null)
            writer.WriteString("refresh_token"u8, credentials.RefreshToken);
        if (credentials.ExpiresInMs is { } expires)
            writer.WriteNumber("expires_in_ms"u8, expires);
        if (request.Settings.PublicBaseUrl is { } url)
        {
            writer.WriteStartObject("well_known"u8);
            WellKnown.WriteMembers(writer, url);
            writer.WriteEndObject();
        }
    });

    /// <summary>The session that the body's members ask for.</summary>
    public static NewSession ReadSession(MatrixRequest request, BodyFields body)
    {
        var deviceId = body.OptionalString("device_id", maxBytes: 255);
        if (deviceId is "")
            deviceId = null;
        return new NewSession(
            deviceId,
            body.OptionalString("initial_device_display_name", DeviceManagement.MaxDisplayNameBytes),
            body.OptionalBool("refresh_token") ?? false,
            request.Address,
            request.UserAgent);
    }
}
