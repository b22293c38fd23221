using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Federation;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>Another server in the place of the network: it has one file, of which it sends what a test writes.</summary>
/// <param name="length">The length that it says; null: none.</param>
internal sealed class HeldServer(long? length = null)
{
    /// <summary>Where clients ask for the file.</summary>
    public const string Path = "/_matrix/client/v1/media/download/127.0.0.1:1/file";

    private readonly Channel<HeldFile> _asked = Channel.CreateUnbounded<HeldFile>();

    /// <summary>Requests for the file that <see cref="NextAsync"/> has not given yet.</summary>
    public int Waiting => _asked.Reader.Count;

    /// <summary>The next request for the file.</summary>
    public ValueTask<HeldFile> NextAsync() => _asked.Reader.ReadAsync(TestContext.Current.CancellationToken);

    /// <summary>Makes it what a silo reaches.</summary>
    /// <param name="silo">What the silo is called in its requests.</param>
    public Action<IServiceCollection> ReachedBy(string silo) => services => services
        .AddHttpClient(OutboundConnections.Federation).ConfigurePrimaryHttpMessageHandler(() => new Handler(silo, length, _asked.Writer));

    private sealed class Handler(string silo, long? length, ChannelWriter<HeldFile> asked) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // A writer never waits for the reader.
            var body = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            var file = new HeldFile(silo, body.Writer);
            var said = length is null ? "" : $"Content-Length: {length}\r\n";
            await file.SendAsync(Encoding.ASCII.GetBytes($"--b\r\n\r\n{{}}\r\n--b\r\nContent-Type: text/plain\r\n{said}\r\n"));
            await asked.WriteAsync(file, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(body.Reader.AsStream()) };
        }
    }
}

/// <summary>An answer with the file.</summary>
/// <param name="Silo">Which silo asked.</param>
internal sealed record HeldFile(string Silo, PipeWriter Body)
{
    /// <summary>Sends more.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> part) => await Body.WriteAsync(part, TestContext.Current.CancellationToken);

    /// <summary>Sends the last of it.</summary>
    public async Task EndAsync(ReadOnlyMemory<byte> part)
    {
        await SendAsync(part);
        await SendAsync(Encoding.ASCII.GetBytes("\r\n--b--\r\n"));
        await Body.CompleteAsync();
    }
}
