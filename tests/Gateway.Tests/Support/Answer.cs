using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace OrleansMatrix.Gateway.Tests.Support;

/// <summary>A response of the server.</summary>
public sealed record Answer(int Status, string Text)
{
    private const string JsonType = "application/json";
    private static readonly JsonDocumentOptions s_deep = new() { MaxDepth = 1000 };

    public string ContentType { get; init; } = JsonType;

    /// <summary>What follows again and again, without end, until the other side has had enough; null: nothing.</summary>
    public string? Endless { get; init; }

    /// <summary>The connection is cut in the midst of it.</summary>
    public bool BreaksOff { get; init; }

    /// <summary>What writes the whole of it instead, headers and body, until the other side is gone; null: nothing.</summary>
    public Func<HttpResponse, CancellationToken, Task>? Write { get; init; }

    public bool IsJson => ContentType == JsonType;

    /// <summary>The body as JSON.</summary>
    public JsonNode Json => JsonNode.Parse(Text, documentOptions: s_deep) ?? throw new InvalidOperationException($"{Status}: null");

    public string? ErrCode => Json["errcode"]?.GetValue<string>();

    /// <summary>The body of a successful response.</summary>
    public JsonNode Ok()
    {
        Assert.True(Status == 200, $"{Status}: {Text}");
        return Json;
    }

    /// <summary>A string member of a successful response.</summary>
    public string Ok(string member) => Ok()[member]?.GetValue<string>() ?? throw new InvalidOperationException($"no {member}: {Text}");

    /// <summary>Asserts that the response is that error.</summary>
    public JsonNode Fails(int status, string errCode)
    {
        Assert.True(Status == status && ErrCode == errCode, $"expected {status} {errCode}, got {Status}: {Text}");
        return Json;
    }
}
