using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using OrleansMatrix.Grains.Abstractions.Media;

namespace OrleansMatrix.Grains.Media;

/// <summary>Writes content to a temporary file, hashing on the way; at the end it gets its name.</summary>
internal sealed class MediaWriter : IMediaWriter
{
    /// <summary>The most that is read at once, in bytes. What is larger, .NET keeps apart from the other objects of the heap and frees late.</summary>
    public const int MaxRead = 64 * 1024;

    private readonly MediaFolder _folder;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly SafeFileHandle _handle;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public MediaWriter(MediaFolder folder, string temporary)
    {
        _folder = folder;
        _temporary = temporary;
        _file = PrivateFiles.Create(_temporary);
        _handle = _file.SafeFileHandle;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        _hash.AppendData(chunk.Span);
        return _file.WriteAsync(chunk, cancellationToken);
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long position, int most)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(Math.Min(most, MaxRead));
        try
        {
            return bytes.AsMemory(0, await RandomAccess.ReadAsync(_handle, bytes, position));
        }
        catch (ObjectDisposedException)
        {
            return default;
        }
    }

    public async ValueTask<string> CompleteAsync(string? name)
    {
        // fsync has no asynchronous form; the caller's thread is not to wait for the disk.
        await Task.Run(() => _file.Flush(flushToDisk: true));
        await _file.DisposeAsync();
        name ??= Convert.ToHexStringLower(_hash.GetHashAndReset());
        await Task.Run(() => _folder.Publish(_temporary, name));
        return name;
    }

    public async ValueTask DisposeAsync()
    {
        _hash.Dispose();
        await _file.DisposeAsync();
        File.Delete(_temporary);
    }
}
