using System.Text.Json;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Federation.Http;

/// <summary>A remote server's answer.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body, within the caller's limit.</param>
public sealed record FederationResponse(int Status, ReadOnlyMemory<byte> Body)
{
    /// <summary>2xx.</summary>
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The errcode of a standard error body; null if there is none.</summary>
    public string? ErrCode => Member("errcode");

    /// <summary>What a standard error body says to people, cut to a length fit for them; null if there is none.</summary>
    public string? ErrorText => Member("error") is { } text ? text[..Math.Min(text.Length, MaxErrorLength)] : null;

    private const int MaxErrorLength = 500;

    /// <summary>A text of an error body; null if there is none.</summary>
    public string? Member(string name)
    {
        if (!JsonText.Read(Body).TryGet(out var parsed, out _))
            return null;
        using var document = parsed;
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var member) &&
            member.ValueKind == JsonValueKind.String ? member.GetString() : null;
    }
}

/// <summary>No answer came: the server could not be found, reached or understood. The message says what went wrong, for people.</summary>
public sealed class ServerUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What was to be sent has no form that could be signed.</summary>
public sealed class UnsignableException(string message) : Exception(message);
