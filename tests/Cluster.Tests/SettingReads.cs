using System.Reflection;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Cluster.Tests;

/// <summary>A storage that tells when a setting was read, so that something can happen before the next step.</summary>
public class SettingReads : DispatchProxy
{
    private object _inner = null!;
    private Func<int, Task> _onRead = null!;
    private int _reads;
    private IServerStore? _servers;

    /// <param name="storage">Which has all that is asked of it.</param>
    /// <param name="onRead">Given how many settings were read; the reader waits for it.</param>
    public static IStorage Watch(IStorage storage, Func<int, Task> onRead)
    {
        var servers = Create<IServerStore, SettingReads>();
        ((SettingReads)(object)servers)._inner = storage.Servers;
        ((SettingReads)(object)servers)._onRead = onRead;
        var watched = Create<IStorage, SettingReads>();
        ((SettingReads)(object)watched)._inner = storage;
        ((SettingReads)(object)watched)._servers = servers;
        return watched;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (_servers is not null && targetMethod!.ReturnType == typeof(IServerStore))
            return _servers;
        return targetMethod!.Name == nameof(IServerStore.GetSettingAsync)
            ? new ValueTask<string?>(ReadAsync((string)args![0]!)) : targetMethod.Invoke(_inner, args);
    }

    private async Task<string?> ReadAsync(string key)
    {
        var read = await ((IServerStore)_inner).GetSettingAsync(key);
        await _onRead(++_reads);
        return read;
    }
}
