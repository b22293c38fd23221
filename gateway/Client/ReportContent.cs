using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Directory;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Client;

/// <summary>report_content.yaml: reports of rooms, events and users.</summary>
internal static class ReportContent
{
    private static readonly EndpointOptions s_options = EndpointOptions.User.Limited(RateClass.Outreach);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/report", ReportRoomAsync, s_options);
        routes.MapMatrixPost("/_matrix/client/v3/rooms/{roomId}/report/{eventId}", ReportEventAsync, s_options);
        routes.MapMatrixPost("/_matrix/client/v3/users/{userId}/report", ReportUserAsync, s_options);
    }

    private static ValueTask<MatrixResponse> ReportRoomAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        return ReportAsync(request, reasonRequired: true, (grain, reason) => grain.ReportRoom(roomId, reason));
    }

    private static ValueTask<MatrixResponse> ReportEventAsync(MatrixRequest request)
    {
        var roomId = request.RouteRoomId();
        var eventId = request.RouteEventId();
        return ReportAsync(request, reasonRequired: false, (grain, reason) => grain.ReportEvent(roomId, eventId, reason));
    }

    private static ValueTask<MatrixResponse> ReportUserAsync(MatrixRequest request)
    {
        var userId = request.RouteUserId();
        return ReportAsync(request, reasonRequired: true, (grain, reason) => grain.ReportUser(userId, reason));
    }

    private static async ValueTask<MatrixResponse> ReportAsync(
        MatrixRequest request, bool reasonRequired, Func<IReportGrain, string, Task<Outcome<Nothing>>> report)
    {
        const int MaxReason = 16 * 1024;
        if (request.Error is { } invalid)
            return invalid;
        if (!(await request.ReadFieldsAsync(emptyAllowed: !reasonRequired)).TryGet(out var body, out var error))
            return error;
        var reason = reasonRequired ? body.String("reason", MaxReason) : body.OptionalString("reason", MaxReason) ?? "";
        if (body.Error is { } wrong)
            return wrong;
        return MatrixResponse.From(await report(request.Grain<IReportGrain>(request.Requester.UserId), reason));
    }
}
