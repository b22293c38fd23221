using System.Text.Json;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Federation.Checking;

/// <summary>The step of <c>/.well-known/matrix/server</c>.</summary>
internal static class WellKnownCheck
{
    /// <summary>The delegated name; null if other servers would go on without one.</summary>
    public static async Task<ServerName?> RunAsync(ICheckNetwork network, string host, CheckReport report, CancellationToken cancellationToken)
    {
        var url = $"https://{host}/.well-known/matrix/server";
        var advice = $"Let it answer {{\"m.server\":\"matrix.{host}:443\"}} with the name and port of the server, or 404 if there is nothing to delegate";
        var answer = await network.GetWellKnownAsync(host, cancellationToken);
        if (answer.Fault is { } fault)
        {
            report.Note($"{url} cannot be had ({fault}): other servers go on to SRV records and port 8448", "Nothing, if the server is there");
            return null;
        }

        if (answer.Status == 404)
        {
            report.Good($"{url} is not there: other servers go on to SRV records and port 8448");
            return null;
        }

        if (answer.Status != 200)
        {
            report.Wrong($"{url} answers {answer.Status}, which other servers take for no answer", advice);
            return null;
        }

        if (!JsonText.Read(answer.Body).TryGet(out var document, out _))
        {
            report.Wrong($"{url} answers 200, but no JSON ({answer.ContentType ?? "no content type"}): other servers ignore it", advice);
            return null;
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("m.server"u8, out var server) ||
                server.ValueKind != JsonValueKind.String)
            {
                report.Wrong($"{url} has no \"m.server\": other servers ignore it", advice);
                return null;
            }

            if (!ServerName.TryParse(server.GetString(), out var name))
            {
                report.Wrong($"{url} delegates to \"{server.GetString()}\", which is no server name",
                    "Write a host with an optional port, without https:// and without a path");
                return null;
            }

            if (answer.ContentType is null || !answer.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
                report.Note($"{url} is sent as {answer.ContentType ?? "no content type"}", "Send it as application/json: some software insists");
            report.Good($"{url} delegates to {name}");
            return name;
        }
    }
}
