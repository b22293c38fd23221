using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Load.Flooding;

/// <summary>One who floods: an account, a room of his own and an address of his own, with as many connections as it takes.</summary>
internal sealed class Attacker(Uri server, int number) : IDisposable
{
    private static readonly TimeSpan s_drip = TimeSpan.FromMilliseconds(250);
    private static readonly byte[] s_spaces = Encoding.ASCII.GetBytes(new string(' ', 64 * 1024));
    private readonly MatrixClient _client = new(server, AddressOf(number));

    public string UserId => _client.UserId;
    public string Token => _client.Token!;

    /// <summary>Escaped, as it stands in paths.</summary>
    public string Room { get; private set; } = "";

    public IPAddress Address { get; } = AddressOf(number);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _client.RegisterAsync(string.Create(CultureInfo.InvariantCulture, $"attacker{number}"), null, cancellationToken);
        Room = Uri.EscapeDataString(await _client.CreateRoomAsync(cancellationToken));
    }

    public HttpConnection Connect() => new(server, Address);

    /// <summary>Logs in once more: the token of another device.</summary>
    public async Task<JsonNode> LogInAsync(HttpConnection connection, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["type"] = "m.login.password",
            ["identifier"] = new JsonObject { ["type"] = "m.id.user", ["user"] = UserId },
            ["password"] = "load-" + UserId[1..UserId.IndexOf(':', StringComparison.Ordinal)],
        };
        var (status, answer) = await connection.SendAsync(
            "POST", "/_matrix/client/v3/login", null, Encoding.UTF8.GetBytes(body.ToJsonString()), cancellationToken);
        return status == 200 ? JsonNode.Parse(answer.Span)! : throw new InvalidOperationException($"login: {status}");
    }

    /// <summary>Asks for something and reads the answer a kilobyte at a time, four times a second.</summary>
    public async Task ReadSlowlyAsync(string path, CancellationToken cancellationToken)
    {
        using var socket = await OpenAsync(cancellationToken);
        socket.ReceiveBufferSize = 4096;
        await SendHeadAsync(socket, "GET", path, null, cancellationToken);
        var buffer = new byte[1024];
        while (await socket.ReceiveAsync(buffer, cancellationToken) > 0)
            await Task.Delay(s_drip, cancellationToken);
    }

    /// <summary>Sends nearly all of a body at once, and the rest a byte at a time, four times a second.</summary>
    public async Task WriteSlowlyAsync(string method, string path, int length, CancellationToken cancellationToken)
    {
        using var socket = await OpenAsync(cancellationToken);
        await SendHeadAsync(socket, method, path, length, cancellationToken);
        for (var left = length - 1000; left > 0;)
            left -= await socket.SendAsync(s_spaces.AsMemory(0, Math.Min(left, s_spaces.Length)), cancellationToken);
        for (var left = 1000; left > 1; left--)
        {
            await socket.SendAsync(s_spaces.AsMemory(0, 1), cancellationToken);
            await Task.Delay(s_drip, cancellationToken);
        }
    }

    public void Dispose() => _client.Dispose();

    private static IPAddress AddressOf(int number) => new([127, 0, 1, (byte)(number + 1)]);

    private async Task<Socket> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(Address, 0));
        await socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        return socket;
    }

    private async Task SendHeadAsync(Socket socket, string method, string path, int? length, CancellationToken cancellationToken)
    {
        var head = $"{method} {path} HTTP/1.1\r\nHost: {server.Authority}\r\nAuthorization: Bearer {Token}\r\nConnection: close\r\n";
        if (length is { } bytes)
            head += string.Create(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {bytes}\r\n");
        await socket.SendAsync(Encoding.ASCII.GetBytes(head + "\r\n"), cancellationToken);
    }
}
