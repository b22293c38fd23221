using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace OrleansMatrix.Load.Commits;

/// <summary>
/// A port on loopback that leads to a Unix socket as if over a network: what is sent arrives a millisecond later, answers arrive at once, so that a round trip
/// takes a millisecond longer. Kernels of small machines have no netem.
/// </summary>
internal sealed class DelayedNetwork : IDisposable
{
    private static readonly long s_delay = Stopwatch.Frequency / 1000;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly UnixDomainSocketEndPoint _target;
    private readonly ConcurrentBag<Socket> _sockets = [];

    public DelayedNetwork(string socketPath)
    {
        _target = new UnixDomainSocketEndPoint(socketPath);
        _listener.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _listener.Stop();
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var near = _listener.AcceptSocket();
                var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                far.Connect(_target);
                near.NoDelay = true;
                _sockets.Add(near);
                _sockets.Add(far);
                var sent = new BlockingCollection<(byte[] Bytes, long Due)>();
                new Thread(() => Read(near, sent)) { IsBackground = true }.Start();
                new Thread(() => WriteWhenDue(far, sent)) { IsBackground = true }.Start();
                new Thread(() => Copy(far, near)) { IsBackground = true }.Start();
            }
        }
        catch (SocketException)
        {
            // Stopped.
        }
    }

    private static void Read(Socket from, BlockingCollection<(byte[] Bytes, long Due)> sent)
    {
        var buffer = new byte[64 * 1024];
        while (Receive(from, buffer) is > 0 and var read)
            sent.Add((buffer[..read], Stopwatch.GetTimestamp() + s_delay));
        sent.CompleteAdding();
    }

    private static void WriteWhenDue(Socket to, BlockingCollection<(byte[] Bytes, long Due)> sent)
    {
        foreach (var (bytes, due) in sent.GetConsumingEnumerable())
        {
            while (Stopwatch.GetTimestamp() < due)
                Thread.Sleep(due - Stopwatch.GetTimestamp() > s_delay / 2 ? 1 : 0);
            if (!Send(to, bytes))
                return;
        }

        to.Dispose();
    }

    private static void Copy(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        while (Receive(from, buffer) is > 0 and var read && Send(to, buffer.AsSpan(0, read)))
        {
        }

        to.Dispose();
    }

    private static int Receive(Socket from, byte[] buffer)
    {
        try
        {
            return from.Receive(buffer);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private static bool Send(Socket to, ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (bytes.Length > 0)
                bytes = bytes[to.Send(bytes)..];
            return true;
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
