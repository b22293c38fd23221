using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Grains.Abstractions.RemoteServer;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>Writes an object with long lists of events: the events are read and sent some at a time.</summary>
/// <param name="reader">Reads the events.</param>
/// <param name="lists">The lists' names with the ids of their events.</param>
/// <param name="writeOthers">Writes the object's other members.</param>
internal sealed class PduLists(IServerReaderGrain reader, (string Name, ImmutableArray<string> Ids)[] lists, Action<Utf8JsonWriter>? writeOthers = null)
{
    private const int Chunk = 250;

    /// <summary>The response.</summary>
    /// <param name="before">What stands before the object.</param>
    /// <param name="after">What stands after it.</param>
    public MatrixResponse Respond(string before = "", string after = "") => MatrixResponse.Stream(async response =>
    {
        response.ContentType = "application/json";
        var stop = response.HttpContext.RequestAborted;
        var others = PooledObject(writeOthers);
        await response.WriteAsync(before + "{", stop);
        var isFirst = true;
        foreach (var (name, ids) in lists)
        {
            await response.WriteAsync($"{(isFirst ? "" : ",")}\"{name}\":[", stop);
            isFirst = false;
            var any = false;
            foreach (var some in ids.Chunk(Chunk))
            {
                var json = await reader.Pdus([.. some]);
                if (json.IsEmpty)
                    continue;
                if (any)
                    await response.WriteAsync(",", stop);
                any = true;
                await response.Body.WriteAsync(json, stop);
            }

            await response.WriteAsync("]", stop);
        }

        if (others.Length > 0)
        {
            await response.WriteAsync(",", stop);
            await response.Body.WriteAsync(others, stop);
        }

        await response.WriteAsync("}" + after, stop);
    });

    // The members without the braces around them.
    private static ReadOnlyMemory<byte> PooledObject(Action<Utf8JsonWriter>? write)
    {
        if (write is null)
            return default;
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory[1..^1];
    }
}
