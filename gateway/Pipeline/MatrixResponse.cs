using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// What a handler answers: JSON bytes, a JSON writer, an error, or a function that writes the response itself. Converts implicitly from an error.
/// </summary>
public readonly struct MatrixResponse
{
    private static readonly byte[] s_empty = "{}"u8.ToArray();
    private readonly object? _source;

    private MatrixResponse(object? source, ReadOnlyMemory<byte> bytes, int status, IDisposable? lease = null)
    {
        _source = source;
        Bytes = bytes;
        Status = status;
        Lease = lease;
    }

    /// <summary>The answer <c>{}</c>.</summary>
    public static MatrixResponse Empty => new(null, s_empty, StatusCodes.Status200OK);

    internal ReadOnlyMemory<byte> Bytes { get; }

    internal int Status { get; }

    /// <summary>What the answer holds until the client has read it.</summary>
    internal IDisposable? Lease { get; }

    internal Action<Utf8JsonWriter>? Write => _source as Action<Utf8JsonWriter>;

    internal Func<HttpResponse, Task>? Raw => _source as Func<HttpResponse, Task>;

    internal MatrixError? Error => _source as MatrixError;

    /// <summary>Finished JSON.</summary>
    public static MatrixResponse Json(ReadOnlyMemory<byte> utf8, int status = StatusCodes.Status200OK) => new(null, utf8, status);

    /// <summary>JSON that <paramref name="write"/> writes: one whole value.</summary>
    public static MatrixResponse Json(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK) => new(write, default, status);

    /// <summary>A JSON object whose members <paramref name="write"/> writes.</summary>
    public static MatrixResponse Object(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK) => new(
        (Action<Utf8JsonWriter>)(writer =>
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }),
        default,
        status);

    /// <summary>A response that <paramref name="write"/> writes: status, headers and body.</summary>
    public static MatrixResponse Stream(Func<HttpResponse, Task> write) => new(write, default, StatusCodes.Status200OK);

    /// <summary>A grain's finished JSON, or its error.</summary>
    public static MatrixResponse From(Outcome<ReadOnlyMemory<byte>> outcome) => outcome.Error is { } error ? error : Json(outcome.Value);

    /// <summary><c>{}</c>, or the grain's error.</summary>
    public static MatrixResponse From(Outcome<Nothing> outcome) => outcome.Error is { } error ? error : Empty;

    /// <summary>A JSON object whose members <paramref name="write"/> writes from the grain's value, or its error.</summary>
    public static MatrixResponse From<T>(Outcome<T> outcome, Action<Utf8JsonWriter, T> write) =>
        outcome.Error is { } error ? error : Object(writer => write(writer, outcome.Value));

    /// <summary>The same answer, whose memory is counted; M_LIMIT_EXCEEDED if its owner's clients have not read what they asked for before.</summary>
    internal MatrixResponse HeldBy(UnreadAnswers answers, HttpContext context, string owner)
    {
        if (Bytes.Length <= RequestMemory.Free)
            return this;
        return answers.TryHold(context, owner, Bytes.Length) is { } unread
            ? new MatrixResponse(_source, Bytes, Status, unread) : MatrixError.LimitExceeded(ShareBudget.RetryAfterMs);
    }

    public static implicit operator MatrixResponse(MatrixError error) => new(error, default, error.Status);
}
