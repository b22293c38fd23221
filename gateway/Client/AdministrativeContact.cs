using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>
/// administrative_contact.yaml: third-party identifiers of an account. This server keeps none and trusts no identity server; every endpoint says so with the
/// error that the specification has for it.
/// </summary>
internal static class AdministrativeContact
{
    private const string Path = "/_matrix/client/v3/account/3pid";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(Path, static _ => ValueTask.FromResult(MatrixResponse.Object(static w =>
        {
            w.WriteStartArray("threepids"u8);
            w.WriteEndArray();
        })));
        routes.MapMatrixPost(Path, AddCredentialsAsync);
        routes.MapMatrixPost(Path + "/add", AddAsync, EndpointOptions.User.Limited());
        routes.MapMatrixPost(Path + "/bind", BindAsync, EndpointOptions.User.Limited());
        routes.MapMatrixPost(Path + "/delete", RemoveAsync);
        routes.MapMatrixPost(Path + "/unbind", RemoveAsync);
        routes.MapMatrixPost(Path + "/email/requestToken", RequestEmailTokenAsync, EndpointOptions.Anonymous.Limited());
        routes.MapMatrixPost(Path + "/msisdn/requestToken", RequestPhoneTokenAsync, EndpointOptions.Anonymous.Limited());
    }

    private static ValueTask<MatrixResponse> AddCredentialsAsync(MatrixRequest request) => RefuseAsync(
        request,
        static body =>
        {
            if (body.OptionalObject("three_pid_creds") is not { } credentials)
            {
                body.Fail(MatrixError.MissingParam("Missing required key 'three_pid_creds'"));
                return;
            }

            ReadStrings(credentials, "client_secret", "id_server", "id_access_token", "sid");
            if (credentials.Error is { } error)
                body.Fail(error);
        },
        new MatrixError(ErrCodes.ThreepidAuthFailed, 403, "There is no identity server to verify the credentials with"));

    private static ValueTask<MatrixResponse> AddAsync(MatrixRequest request) => RefuseAsync(
        request, static body =>
        ReadStrings(body, "client_secret", "sid"), new MatrixError(ErrCodes.ThreepidDenied, 403, "Third-party identifiers are not supported"));

    private static ValueTask<MatrixResponse> BindAsync(MatrixRequest request) => RefuseAsync(
        request,
        static body => ReadStrings(body, "client_secret", "id_server", "id_access_token", "sid"),
        new MatrixError(ErrCodes.ServerNotTrusted, 400, "No identity server is trusted"));

    private static ValueTask<MatrixResponse> RequestEmailTokenAsync(MatrixRequest request) => RefuseAsync(
        request, static body => ReadStrings(body, "client_secret", "email"), NotSupported("Email addresses are not supported"));

    private static ValueTask<MatrixResponse> RequestPhoneTokenAsync(MatrixRequest request) => RefuseAsync(
        request, static body => ReadStrings(body, "client_secret", "country", "phone_number"), NotSupported("Phone numbers are not supported"));

    private static MatrixError NotSupported(string message) => new(ErrCodes.ThreepidMediumNotSupported, 400, message);

    private static async ValueTask<MatrixResponse> RemoveAsync(MatrixRequest request)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var medium = body.String("medium");
        body.String("address");
        if (body.Error is null && medium is not ("email" or "msisdn"))
            body.Fail(MatrixError.InvalidParam("medium must be email or msisdn"));
        return body.Error is { } invalid ? invalid : MatrixResponse.Object(static w => w.WriteString("id_server_unbind_result"u8, "no-support"u8));
    }

    private static async ValueTask<MatrixResponse> RefuseAsync(MatrixRequest request, Action<BodyFields> read, MatrixError refusal)
    {
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        read(body);
        return body.Error ?? refusal;
    }

    private static void ReadStrings(BodyFields body, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            body.String(name);
    }
}
