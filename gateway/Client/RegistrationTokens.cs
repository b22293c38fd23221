using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;

namespace OrleansMatrix.Gateway.Client;

/// <summary>registration_tokens.yaml: whether a registration token can be used.</summary>
internal static class RegistrationTokens
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixGet(
        "/_matrix/client/v1/register/m.login.registration_token/validity",
        static async request =>
        {
            var token = request.RequiredQuery("token");
            return request.Error ?? MatrixResponse.From(
                await request.Grain<IRegistrationGrain>(IRegistrationGrain.Key).IsTokenValid(token), static (writer, valid) =>
                writer.WriteBoolean("valid"u8, valid));
        },
        EndpointOptions.Anonymous.Limited(RateClass.Registration));
}
