using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>support.yaml: whom to turn to (settings <c>Matrix:Support</c>).</summary>
internal static class Support
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixGet("/.well-known/matrix/support", static request => ValueTask.FromResult(Get(request)), EndpointOptions.Anonymous);

    private static MatrixResponse Get(MatrixRequest request)
    {
        var support = request.Settings.Support;
        if (support.Contacts.Count == 0 && support.Page is null)
            return MatrixError.NotFound("No support information is published");
        return MatrixResponse.Object(w =>
        {
            if (support.Contacts.Count > 0)
            {
                w.WriteStartArray("contacts"u8);
                foreach (var contact in support.Contacts)
                {
                    w.WriteStartObject();
                    if (contact.EmailAddress is { } email)
                        w.WriteString("email_address"u8, email);
                    if (contact.MatrixId is { } matrixId)
                        w.WriteString("matrix_id"u8, matrixId);
                    w.WriteString("role"u8, contact.Role);
                    w.WriteEndObject();
                }

                w.WriteEndArray();
            }

            if (support.Page is { } page)
                w.WriteString("support_page"u8, page);
        });
    }
}
