using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Client;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Admin;

/// <summary>
/// Registering by a secret shared with the administrator (Synapse's admin API, shared-secret registration). A nonce carries its expiry and a MAC, so that
/// only those that were used are kept, as long as they would be good.
/// </summary>
internal static class SharedSecretRegister
{
    private const int RandomBytes = 8;
    private const int SignedBytes = sizeof(long) + RandomBytes;
    private const int NonceBytes = SignedBytes + HMACSHA256.HashSizeInBytes;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var options = EndpointOptions.Anonymous.Limited(RateClass.Registration);
        routes.MapMatrixGet("/_synapse/admin/v1/register", GetNonce, options);
        routes.MapMatrixPost("/_synapse/admin/v1/register", RegisterAsync, options);
    }

    private static ValueTask<MatrixResponse> GetNonce(MatrixRequest request)
    {
        if (request.Settings.Registration.SharedSecret is not { } secret)
            return ValueTask.FromResult<MatrixResponse>(Disabled());
        var nonce = new byte[NonceBytes];
        BinaryPrimitives.WriteInt64BigEndian(nonce, request.Time.GetUtcNow().ToUnixTimeMilliseconds() + IRegistrationGrain.NonceMs);
        request.Random.Fill(nonce.AsSpan(sizeof(long), RandomBytes));
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), nonce.AsSpan(0, SignedBytes), nonce.AsSpan(SignedBytes));
        return ValueTask.FromResult(MatrixResponse.Object(writer => writer.WriteString("nonce"u8, Base64Url.EncodeToString(nonce))));
    }

    private static async ValueTask<MatrixResponse> RegisterAsync(MatrixRequest request)
    {
        if (request.Settings.Registration.SharedSecret is not { } secret)
            return Disabled();
        if (!(await request.ReadFieldsAsync()).TryGet(out var body, out var error))
            return error;
        var nonce = body.String("nonce");
        var username = body.String("username");
        var password = body.String("password");
        var mac = body.String("mac");
        var admin = body.OptionalBool("admin") ?? false;
        var userType = body.OptionalString("user_type");
        var displayName = body.OptionalString("displayname", maxBytes: 512);
        if (body.Error is null)
            PasswordManagement.Check(body, password);
        if (body.Error is { } wrong)
            return wrong;
        if (!IsValidNonce(nonce, secret, request.Time))
            return MatrixError.Unknown("Unrecognised nonce");
        if (!IsValidMac(mac, secret, [nonce, username, password, admin ? "admin" : "notadmin", .. userType is null ? Array.Empty<string>() : [userType]]))
            return MatrixError.Forbidden("HMAC incorrect");
        var session = body.OptionalBool("inhibit_login") == true ? null : new NewSession(null, null, false, request.Address, request.UserAgent);
        var account = new NewAccount(password, admin, IsGuest: false, null, displayName, session);
        return CredentialsResponse.From(
            request, await request.Grain<IRegistrationGrain>(IRegistrationGrain.Key).RegisterUser(new(username, account, null, null, nonce)));
    }

    private static MatrixError Disabled() => MatrixError.Unknown("Shared secret registration is not enabled");

    private static bool IsValidNonce(string text, string secret, TimeProvider time)
    {
        var nonce = new byte[NonceBytes];
        if (!Base64Url.IsValid(text, out var length) || length != NonceBytes || !Base64Url.TryDecodeFromChars(text, nonce, out _))
            return false;
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), nonce.AsSpan(0, SignedBytes), mac);
        return CryptographicOperations.FixedTimeEquals(mac, nonce.AsSpan(SignedBytes)) &&
            BinaryPrimitives.ReadInt64BigEndian(nonce) > time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    // In hex, over the fields with a NUL between them.
    [SuppressMessage("Security", "CA5350", Justification = "The format is Synapse's; HMAC-SHA1 is not broken by collisions of SHA-1")]
    private static bool IsValidMac(string mac, string secret, string[] fields)
    {
        Span<byte> expected = stackalloc byte[HMACSHA1.HashSizeInBytes];
        HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(string.Join('\0', fields)), expected);
        Span<byte> given = stackalloc byte[HMACSHA1.HashSizeInBytes];
        return mac.Length == 2 * given.Length && Convert.FromHexString(mac, given, out _, out _) == System.Buffers.OperationStatus.Done &&
            CryptographicOperations.FixedTimeEquals(expected, given);
    }
}
