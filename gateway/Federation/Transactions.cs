using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>transactions.yaml: events and ephemeral data that another server sends.</summary>
internal static class Transactions
{
    private const int MaxTransactionId = 255;

    // 50 PDUs of 64 KiB and 100 EDUs, which have no limit of their own.
    private const long MaxBody = 12 * 1024 * 1024;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMatrixPut("/_matrix/federation/v1/send/{txnId}", PutAsync, EndpointOptions.Server with { MaxBody = MaxBody, CallsServerGrain = true });

    private static async ValueTask<MatrixResponse> PutAsync(MatrixRequest request)
    {
        var transactionId = request.Route("txnId");
        if (transactionId.Length > MaxTransactionId)
            request.Fail(MatrixError.InvalidParam("The transaction ID is too long"));
        if (request.Error is { } invalid)
            return invalid;
        return (await request.ReadBodyAsync()).TryGet(out var body, out var error)
            ? MatrixResponse.From(await request.Grain<IRemoteServerGrain>(request.Origin).Receive(transactionId, body))
            : error;
    }
}
