using System.Reflection;
using System.Runtime.InteropServices;

namespace OrleansMatrix.Protocol.Signing;

/// <summary>Finds the native libraries under the names that the platforms give them.</summary>
internal static class NativeCrypto
{
    public const string Sodium = "sodium";
    public const string Crypto = "crypto";

    private static readonly string[] s_sodiumNames = ["libsodium.so.23", "libsodium.so.26", "libsodium.so", "libsodium.dylib", "libsodium.dll"];
    private static readonly string[] s_cryptoNames = ["libcrypto.so.3", "libcrypto.so", "libcrypto.3.dylib", "libcrypto-3-x64.dll"];

    static NativeCrypto() => NativeLibrary.SetDllImportResolver(typeof(NativeCrypto).Assembly, Resolve);

    /// <summary>True when the library is there and has the function.</summary>
    public static bool Has(string library, string function) =>
        Resolve(library, typeof(NativeCrypto).Assembly, null) is var handle && handle != 0 && NativeLibrary.TryGetExport(handle, function, out _);

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (var name in library switch { Sodium => s_sodiumNames, Crypto => s_cryptoNames, _ => [] })
        {
            if (NativeLibrary.TryLoad(name, assembly, path, out var handle))
                return handle;
        }

        return 0;
    }
}
