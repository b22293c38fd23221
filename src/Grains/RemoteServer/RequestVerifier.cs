using OrleansMatrix.Federation.Signing;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Grains.ServerKeys;
using OrleansMatrix.Protocol.Acl;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.RemoteServer;

/// <inheritdoc cref="IRequestVerifier"/>
internal sealed class RequestVerifier(LocalServer self, IServerKeyRing keys, AllowedServers policy, TimeProvider time) : IRequestVerifier
{
    private const int MaxHeaders = 5;

    public async ValueTask<Outcome<string>> VerifyAsync(
        IReadOnlyList<string?> authorization, string method, string target, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (authorization.Count is 0 or > MaxHeaders)
            return MatrixError.Unauthorized("Missing Authorization header");
        // A server with several keys sends a header for each; one good signature will do.
        MatrixError? last = null;
        foreach (var value in authorization)
        {
            if (value?.StartsWith("X-Matrix", StringComparison.OrdinalIgnoreCase) != true)
                last = MatrixError.Unauthorized("The Authorization header is not an X-Matrix header");
            else if (XMatrixHeader.Parse(value) is not { } header)
                last = MatrixError.InvalidParam("The Authorization header is malformed or names no server");
            else if (header.Origin == self.Name.Value)
                last = MatrixError.Unauthorized("This server sends itself no requests");
            else if (!policy.Allows(header.Origin))
                last = MatrixError.Forbidden("This server does not federate with yours");
            else if (await FindFaultAsync(header, method, target, body, cancellationToken) is { } fault)
                last = MatrixError.Unauthorized(fault);
            else
                return header.Origin;
        }

        return last!;
    }

    private async ValueTask<string?> FindFaultAsync(
        XMatrixHeader header, string method, string target, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        // "If the destination is not the receiving server's name, the request must be denied with HTTP 401 M_UNAUTHORIZED."
        if (header.Destination is { } destination && destination != self.Name.Value)
            return $"The request is for {destination}, not for {self.Name}";
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        if (await keys.FindAsync(header.Origin, header.KeyId, now, cancellationToken) is not { IsOld: false } key || key.ValidUntilTs < now)
            return $"No valid key {header.KeyId} of {header.Origin} could be found";
        return RequestSigning.IsSigned(header, method, target, self.Name, body, key.Key) ? null : $"The signature of {header.Origin} is not valid";
    }
}
