using System.Collections.Immutable;
using System.Text.Json;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>User-interactive authentication (C-S API): the <c>auth</c> member of a request's body, and the 401 that asks for it.</summary>
public static class UserInteractive
{
    private const int MaxSessionLength = 64;
    private static readonly ImmutableArray<UiaFlow> s_password = [new UiaFlow([UiaStages.Password])];

    /// <summary>
    /// Asks the requester for the password; null once it is proven (application services prove nothing), else the response to give. One proof serves one
    /// request.
    /// </summary>
    public static async ValueTask<MatrixResponse?> RequirePasswordAsync(MatrixRequest request, BodyFields body)
    {
        if (request.Requester.AppServiceId is not null)
            return null;
        var operation = $"{request.Http.Request.Method} {request.Http.Request.Path}";
        return (await SubmitAsync(request, body, operation, request.Requester.UserId, s_password, default)).Challenge;
    }

    /// <summary>The session that the body's <c>auth</c> goes on with, or null.</summary>
    internal static IUiaGrain? SessionOf(MatrixRequest request, BodyFields body) =>
        body.OptionalObject("auth")?.OptionalString("session") is { } session && IsSession(session) ? GrainOf(request, session) : null;

    /// <summary>What a session was told to remember of the request that began it; empty if it was nothing.</summary>
    internal static async ValueTask<ReadOnlyMemory<byte>> RecallAsync(MatrixRequest request, BodyFields body)
    {
        var session = body.OptionalObject("auth")!.String("session")!;
        return SessionSeal.Open(session, (await GrainOf(request, session).Recall()).Span) ?? ReadOnlyMemory<byte>.Empty;
    }

    private static IUiaGrain GrainOf(MatrixRequest request, string session) => request.Grain<IUiaGrain>(SessionSeal.KeyOf(session));

    /// <summary>Takes the request's attempt on a stage: the response to give, null if all stages are done, and the registration token that was given.</summary>
    /// <param name="remember">What a new session is to remember of the request.</param>
    internal static async ValueTask<(MatrixResponse? Challenge, string? RegistrationToken)> SubmitAsync(
        MatrixRequest request, BodyFields body, string operation, string? userId, ImmutableArray<UiaFlow> flows, ReadOnlyMemory<byte> remember)
    {
        if (body.OptionalObject("auth") is not { } auth)
            return (body.Error ?? await BeginAsync(request, operation, userId, flows, remember), null);
        var session = auth.OptionalString("session") ?? request.NewSessionId();
        var type = auth.OptionalString("type");
        var secret = type == UiaStages.Password ? auth.String("password") : type == UiaStages.RegistrationToken ? auth.String("token") : null;
        if (type == UiaStages.Password && UserIdentifier.Read(auth, request.Settings.ServerName) is { } named && named != userId)
            auth.Fail(MatrixError.Forbidden("The password must be your own"));
        if (auth.Error is { } error)
            return (error, null);
        if (!IsSession(session))
            return (MatrixError.InvalidParam("'auth.session' is not a session of this server"), null);
        var progress = await GrainOf(request, session).Submit(new UiaStep(operation, userId, flows, type, secret));
        if (progress.Done)
            return (null, progress.RegistrationToken);
        var failure = progress.Failure;
        return failure is not null && (progress.IsForeign || failure.Status == 429) ? (failure, null)
            : (Challenge(flows, session, progress.Completed, failure), null);
    }

    private static bool IsSession(string text) => text.Length is > 0 and <= MaxSessionLength && text.All(char.IsAsciiLetterOrDigit);

    private static async ValueTask<MatrixResponse> BeginAsync(
        MatrixRequest request, string operation, string? userId, ImmutableArray<UiaFlow> flows, ReadOnlyMemory<byte> remember)
    {
        // "A session is for one operation": it is so from the first answer on, not from the first attempt.
        var session = request.NewSessionId();
        await GrainOf(request, session).Begin(operation, userId, remember.IsEmpty ? remember : SessionSeal.Seal(session, remember.Span, request.Random));
        return Challenge(flows, session, default, null);
    }

    private static MatrixResponse Challenge(ImmutableArray<UiaFlow> flows, string session, ImmutableArray<string> completed, MatrixError? error) =>
        MatrixResponse.Object(
            writer =>
            {
                writer.WriteStartArray("flows"u8);
                foreach (var flow in flows)
                {
                    writer.WriteStartObject();
                    WriteList(writer, "stages"u8, flow.Stages);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteStartObject("params"u8);
                writer.WriteEndObject();
                writer.WriteString("session"u8, session);
                if (!completed.IsDefault)
                    WriteList(writer, "completed"u8, completed);
                if (error is null)
                    return;
                writer.WriteString("errcode"u8, error.ErrCode);
                writer.WriteString("error"u8, error.Message);
            },
            status: 401);

    private static void WriteList(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ImmutableArray<string> items)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
            writer.WriteStringValue(item);
        writer.WriteEndArray();
    }
}
