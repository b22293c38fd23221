using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>query.yaml: aliases and profiles of this server (S-S API, Querying for information).</summary>
internal static class Query
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet("/_matrix/federation/v1/query/directory", GetDirectoryAsync, EndpointOptions.Server);
        routes.MapMatrixGet("/_matrix/federation/v1/query/profile", GetProfileAsync, EndpointOptions.Server);
    }

    private static async ValueTask<MatrixResponse> GetDirectoryAsync(MatrixRequest request)
    {
        var text = request.RequiredQuery("room_alias");
        if (request.Error is { } invalid)
            return invalid;
        // "The receiving server is the one whose name is in the alias": nobody is asked in another's name.
        if (!RoomAlias.TryParse(text, out var alias) || !alias.Domain.SequenceEqual(request.Settings.ServerName.Value))
            return MatrixError.NotFound("The alias is not of this server");
        return MatrixResponse.From(await request.Grain<IRoomAliasGrain>(text).Resolve(), static (writer, target) =>
        {
            writer.WriteString("room_id"u8, target.RoomId);
            writer.WriteStartArray("servers"u8);
            foreach (var server in target.Servers)
                writer.WriteStringValue(server);
            writer.WriteEndArray();
        });
    }

    private static async ValueTask<MatrixResponse> GetProfileAsync(MatrixRequest request)
    {
        var text = request.RequiredQuery("user_id");
        var field = request.Query("field");
        if (request.Error is { } invalid)
            return invalid;
        if (!UserId.TryParse(text, out var user))
            return MatrixError.InvalidParam("Not a user ID");
        if (!user.Domain.SequenceEqual(request.Settings.ServerName.Value))
            return MatrixError.NotFound("The user is not of this server");
        var profile = await request.Grain<IAccountGrain>(text).GetProfile();
        return profile.Error is not null || field is null ? MatrixResponse.From(profile)
            : MatrixResponse.Object(writer => WriteField(writer, profile.Value, field));
    }

    // "If no field is given, or if it is not set, it is left out."
    private static void WriteField(Utf8JsonWriter writer, ReadOnlyMemory<byte> profile, string field)
    {
        using var document = JsonText.Parse(profile);
        if (!document.RootElement.TryGetProperty(field, out var value))
            return;
        writer.WritePropertyName(field);
        value.WriteTo(writer);
    }
}
