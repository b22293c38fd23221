using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;

namespace OrleansMatrix.Gateway.Client;

/// <summary>account_deactivation.yaml: closing one's account.</summary>
internal static class AccountDeactivation
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapMatrixPost(
        "/_matrix/client/v3/account/deactivate",
        static async request =>
        {
            if (!(await request.ReadFieldsAsync(emptyAllowed: true)).TryGet(out var body, out var error))
                return error;
            var erase = body.OptionalBool("erase") ?? false;
            if (body.Error is { } wrong)
                return wrong;
            if (await UserInteractive.RequirePasswordAsync(request, body) is { } challenge)
                return challenge;

            // There are no third-party identifiers here that an identity server could know of.
            return MatrixResponse.From(
                await request.Grain<IAccountGrain>(request.Requester.UserId).Deactivate(erase),
                static (writer, _) => writer.WriteString("id_server_unbind_result"u8, "success"u8));
        },
        EndpointOptions.User.Limited(RateClass.Login));
}
