using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace OrleansMatrix.Load;

/// <summary>
/// One HTTP/1.1 keep-alive connection, one request at a time. Much cheaper than HttpClient, so that on a machine shared with the server the load
/// generator does not measure itself. Reads bodies with Content-Length or chunked.
/// </summary>
/// <param name="server">Where to.</param>
/// <param name="from">The address to come from, where it matters.</param>
internal sealed class HttpConnection(Uri server, IPAddress? from = null) : IDisposable
{
    private const int MostInOne = 64 * 1024;
    private Stream? _stream;
    private Socket? _socket;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start, _end;
    private byte[] _body = new byte[16 * 1024];

    /// <summary>Sends a request and reads the whole answer; the body stays valid until the next call.</summary>
    public Task<(int Status, ReadOnlyMemory<byte> Body)> SendAsync(
        string method, string path, string? token, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        SendAuthorizedAsync(method, path, token is null ? null : "Bearer " + token, body, cancellationToken);

    /// <summary>Sends a request with that Authorization header.</summary>
    public async Task<(int Status, ReadOnlyMemory<byte> Body)> SendAuthorizedAsync(
        string method, string path, string? authorization, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (_stream is null)
            await ConnectAsync(cancellationToken);
        var head = new StringBuilder(256).Append(method).Append(' ').Append(path).Append(" HTTP/1.1\r\nHost: ").Append(server.Authority).Append("\r\n");
        if (authorization is not null)
            head.Append("Authorization: ").Append(authorization).Append("\r\n");
        if (method is not "GET")
            head.Append("Content-Type: application/json\r\nContent-Length: ").Append(body.Length).Append("\r\n");
        head.Append("\r\n");
        if (body.Length > MostInOne)
        {
            await _stream!.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), cancellationToken);
            await _stream.WriteAsync(body, cancellationToken);
        }
        else
        {
            var headLength = head.Length;
            var request = new byte[headLength + body.Length];
            Encoding.ASCII.GetBytes(head.ToString(), request);
            body.CopyTo(request.AsMemory(headLength));
            await _stream!.WriteAsync(request, cancellationToken);
        }

        return await ReadAnswerAsync(cancellationToken);
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
            _socket.Bind(new IPEndPoint(from, 0));
        await _socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        _stream = new NetworkStream(_socket);
        if (server.Scheme == "https")
        {
            var tls = new SslStream(_stream);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.Host }, cancellationToken);
            _stream = tls;
        }
    }

    private async Task<(int, ReadOnlyMemory<byte>)> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        var status = 0;
        long? length = null;
        var chunked = false;
        var close = false;
        for (var first = true; ; first = false)
        {
            var line = await ReadLineAsync(cancellationToken);
            if (line.Length == 0)
                break;
            var text = Encoding.ASCII.GetString(line.Span);
            if (first)
                status = int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture);
            else if (text.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                length = long.Parse(text.AsSpan(15).Trim(), CultureInfo.InvariantCulture);
            else if (text.StartsWith("Transfer-Encoding:", StringComparison.OrdinalIgnoreCase))
                chunked = text.Contains("chunked", StringComparison.OrdinalIgnoreCase);
            else if (text.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase))
                close = text.Contains("close", StringComparison.OrdinalIgnoreCase);
        }
        var size = 0;
        if (chunked)
        {
            while (true)
            {
                var line = await ReadLineAsync(cancellationToken);
                if (!Utf8Parser.TryParse(line.Span, out int chunk, out _, 'x'))
                    throw new InvalidDataException("bad chunk size");
                if (chunk == 0)
                    break;
                size = await ReadBodyAsync(size, chunk, cancellationToken);
                await ReadLineAsync(cancellationToken);
            }
            await ReadLineAsync(cancellationToken);
        }
        else if (length is > 0)
        {
            size = await ReadBodyAsync(0, (int)length, cancellationToken);
        }
        if (close)
            Dispose();
        return (status, _body.AsMemory(0, size));
    }

    private async ValueTask<int> ReadBodyAsync(int at, int count, CancellationToken cancellationToken)
    {
        if (_body.Length < at + count)
            Array.Resize(ref _body, Math.Max(_body.Length * 2, at + count));
        var buffered = Math.Min(count, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(_body.AsSpan(at));
        _start += buffered;
        if (buffered < count)
            await _stream!.ReadExactlyAsync(_body.AsMemory(at + buffered, count - buffered), cancellationToken);
        return at + count;
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken cancellationToken)
    {
        var scanned = 0;
        while (true)
        {
            var newline = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _buffer.AsMemory(_start, scanned + newline);
                _start += scanned + newline + 1;
                return line.Length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;
            }
            scanned = _end - _start;
            if (_start > 0)
            {
                _buffer.AsSpan(_start, scanned).CopyTo(_buffer);
                (_start, _end) = (0, scanned);
            }
            if (_end == _buffer.Length)
                Array.Resize(ref _buffer, _buffer.Length * 2);
            var read = await _stream!.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
                throw new IOException("the server closed the connection");
            _end += read;
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _socket?.Dispose();
        _stream = null;
        (_start, _end) = (0, 0);
    }
}
