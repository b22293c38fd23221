using Microsoft.AspNetCore.Routing;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Gateway.Client;

/// <summary>pushrules.yaml.</summary>
internal static class Pushrules
{
    private const string All = "/_matrix/client/v3/pushrules/";
    private const string Global = All + "global/";
    private const string Rule = Global + "{kind}/{ruleId}";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMatrixGet(All, request => GetAllAsync(request, null), EndpointOptions.User);
        routes.MapMatrixGet(Global, request => GetAllAsync(request, "global"), EndpointOptions.User);
        routes.MapMatrixGet(Rule, request => GetAsync(request, null));
        routes.MapMatrixGet(Rule + "/enabled", request => GetAsync(request, "enabled"));
        routes.MapMatrixGet(Rule + "/actions", request => GetAsync(request, "actions"));
        routes.MapMatrixPut(Rule, PutAsync, EndpointOptions.User.Limited());
        routes.MapMatrixPut(Rule + "/enabled", request => ChangeAsync(request, static (grain, kind, id, body) => grain.EnablePushRule(kind, id, body)));
        routes.MapMatrixPut(Rule + "/actions", request => ChangeAsync(request, static (grain, kind, id, body) => grain.SetPushRuleActions(kind, id, body)));
        routes.MapMatrixDelete(Rule, DeleteAsync);

        // Not in the specification, but read by old clients: the rules of one kind.
        routes.MapMatrixGet(Global + "{kind}/", GetKindAsync);

        // Whatever else is asked of push rules names a scope, kind or attribute that there is not.
        routes.MapMatrixPut(All, Unknown);
        routes.MapMatrixPut(All + "{scope}", Unknown);
        routes.MapMatrixPut(All + "{scope}/{kind}", Unknown);
        routes.MapMatrixPut(All + "{scope}/{kind}/{ruleId}", Unknown);
        routes.MapMatrixPut(Rule + "/{attribute}", Unknown);
        routes.MapMatrixGet(All + "{scope}", Unknown);
        routes.MapMatrixGet(All + "{scope}/{kind}", Unknown);
        routes.MapMatrixGet(Rule + "/{attribute}", Unknown);
    }

    private static ValueTask<MatrixResponse> Unknown(MatrixRequest request) =>
        ValueTask.FromResult<MatrixResponse>(MatrixError.InvalidParam("No such scope, kind or attribute of push rules"));

    private static async ValueTask<MatrixResponse> GetKindAsync(MatrixRequest request)
    {
        var kind = request.Route("kind");
        if (request.Error is { } invalid)
            return invalid;
        using var rules = JsonText.Parse(await User(request).GetPushRules());
        if (!rules.RootElement.GetProperty("global").TryGetProperty(kind, out var list))
            return MatrixError.InvalidParam("No such kind of push rule");
        var value = list.Clone();
        return MatrixResponse.Json(value.WriteTo);
    }

    private static IUserGrain User(MatrixRequest request) => request.Grain<IUserGrain>(request.Requester.UserId);

    private static async ValueTask<MatrixResponse> GetAllAsync(MatrixRequest request, string? scope)
    {
        var rules = await User(request).GetPushRules();
        return scope is null ? MatrixResponse.Json(rules) : Member(rules, scope);
    }

    private static async ValueTask<MatrixResponse> GetAsync(MatrixRequest request, string? part)
    {
        var (kind, id) = (request.Route("kind"), request.Route("ruleId"));
        if (request.Error is { } invalid)
            return invalid;
        var outcome = await User(request).GetPushRule(kind, id);
        if (part is null || !outcome.Ok)
            return MatrixResponse.From(outcome);
        using var rule = JsonText.Parse(outcome.Value);
        var value = rule.RootElement.GetProperty(part).Clone();
        return MatrixResponse.Object(writer =>
        {
            writer.WritePropertyName(part);
            value.WriteTo(writer);
        });
    }

    private static async ValueTask<MatrixResponse> PutAsync(MatrixRequest request)
    {
        var (kind, id, before, after) = (request.Route("kind"), request.Route("ruleId"), request.Query("before"), request.Query("after"));
        if (request.Error is { } invalid)
            return invalid;
        return (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error)
            ? MatrixResponse.From(await User(request).PutPushRule(new PushRuleToPut(kind, id, body, before, after))) : error;
    }

    private static async ValueTask<MatrixResponse> ChangeAsync(
        MatrixRequest request, Func<IUserGrain, string, string, ReadOnlyMemory<byte>, Task<Outcome<Nothing>>> change)
    {
        var (kind, id) = (request.Route("kind"), request.Route("ruleId"));
        if (request.Error is { } invalid)
            return invalid;
        return (await request.ReadObjectBytesAsync()).TryGet(out var body, out var error) ? MatrixResponse.From(await change(User(request), kind, id, body))
            : error;
    }

    private static async ValueTask<MatrixResponse> DeleteAsync(MatrixRequest request)
    {
        var (kind, id) = (request.Route("kind"), request.Route("ruleId"));
        return request.Error is { } error ? error : MatrixResponse.From(await User(request).DeletePushRule(kind, id));
    }

    private static MatrixResponse Member(ReadOnlyMemory<byte> json, string name)
    {
        using var document = JsonText.Parse(json);
        if (!document.RootElement.TryGetProperty(name, out var member))
            return MatrixError.NotFound("No such scope");
        var value = member.Clone();
        return MatrixResponse.Json(value.WriteTo);
    }
}
