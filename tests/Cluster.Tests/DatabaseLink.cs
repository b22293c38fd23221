using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A way to a database that can be cut and mended, and on which answers can be held back.</summary>
internal sealed class DatabaseLink : IDisposable
{
    private readonly string _database;
    private readonly UnixDomainSocketEndPoint _target;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private volatile bool _isCut;
    private volatile TaskCompletionSource? _held;

    /// <param name="database">The connection string of a database on a Unix socket.</param>
    public DatabaseLink(string database)
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        _target = new UnixDomainSocketEndPoint(Path.Combine(settings.Host!, $".s.PGSQL.{settings.Port}"));
        _listener.Start();
        settings.Host = "127.0.0.1";
        settings.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _database = settings.ConnectionString;
        _ = AcceptAsync();
    }

    /// <summary>The connection string by this way.</summary>
    public string Database => _database;

    /// <summary>Breaks what is open, and lets nothing through.</summary>
    public void Cut()
    {
        _isCut = true;
        foreach (var socket in _sockets.Keys)
            socket.Dispose();
        _sockets.Clear();
    }

    public void Mend() => _isCut = false;

    /// <summary>The database is asked and its answers do not arrive, as with a silo that stands still.</summary>
    public void HoldAnswers() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void LetAnswersGo()
    {
        _held?.SetResult();
        _held = null;
    }

    public void Dispose()
    {
        _listener.Stop();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptSocketAsync();
                if (_isCut)
                {
                    near.Dispose();
                    continue;
                }

                var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await far.ConnectAsync(_target);
                _sockets[near] = _sockets[far] = true;
                _ = CopyAsync(near, far, areAnswers: false);
                _ = CopyAsync(far, near, areAnswers: true);
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            // No more are let in.
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool areAnswers)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                if (areAnswers && _held is { } held)
                    await held.Task;
                for (var sent = 0; sent < read;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
            }
        }
        catch (Exception cut) when (cut is SocketException or ObjectDisposedException)
        {
            // The other side learns of it below.
        }

        foreach (var socket in (Socket[])[from, to])
        {
            _sockets.TryRemove(socket, out _);
            socket.Dispose();
        }
    }
}
