using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>Takes connections for a server of several processes and passes each on to one that listens.</summary>
internal sealed class LoadBalancer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<int> _ports = new();
    private readonly ConcurrentBag<Socket> _sockets = [];

    public LoadBalancer()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A loopback port that connections may be passed on to.</summary>
    public void Add(int port) => _ports.Enqueue(port);

    public void Dispose()
    {
        _listener.Stop();
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassOnAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException)
        {
            // No more are let in.
        }
    }

    private async Task PassOnAsync(Socket near)
    {
        _sockets.Add(near);
        for (var tries = _ports.Count; tries > 0 && _ports.TryDequeue(out var port); tries--)
        {
            _ports.Enqueue(port);
            var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(far);
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, port);
                await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
                break;
            }
            catch (SocketException)
            {
                // The next one may listen.
            }
            finally
            {
                far.Dispose();
            }
        }

        near.Dispose();
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        try
        {
            await using var source = new NetworkStream(from);
            await using var target = new NetworkStream(to);
            await source.CopyToAsync(target);
        }
        catch (IOException)
        {
            // The other direction ends with it.
        }
    }
}
