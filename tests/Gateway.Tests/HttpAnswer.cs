using System.Text.Json;

namespace OrleansMatrix.Gateway.Tests;

/// <summary>A response, read.</summary>
public sealed class HttpAnswer
{
    private HttpAnswer(HttpResponseMessage response, byte[] body)
    {
        Status = (int)response.StatusCode;
        Body = body;
        ContentType = response.Content.Headers.ContentType?.ToString();
        Headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
    }

    public int Status { get; }

    public byte[] Body { get; }

    public string? ContentType { get; }

    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The errcode of an error, null of anything else.</summary>
    public string? ErrCode => Body.Length > 0 && Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty("errcode", out var code) ? code.GetString()
        : null;

    public static async Task<HttpAnswer> ReadAsync(HttpResponseMessage response) => new(response, await response.Content.ReadAsByteArrayAsync());

    public string Text(string member) => Json.GetProperty(member).GetString()!;

    /// <summary>Asserts status and errcode, and the form of an error.</summary>
    public void AssertError(int status, string errCode)
    {
        Assert.Equal((status, errCode), (Status, ErrCode));
        Assert.Equal("application/json", ContentType);
        Assert.NotEmpty(Text("error"));
    }

    public void AssertOk() => Assert.True(Status == 200, $"{Status} {System.Text.Encoding.UTF8.GetString(Body)}");
}
