using System.Runtime.InteropServices;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Policy;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Silo.Keys;

/// <summary>The server's signing keys, a line for each in <c>signing.key</c> of the data directory, readable by its owner only.</summary>
public static partial class SigningKeyFile
{
    private const string FileName = "signing.key";
    private const string PolicyFileName = "policy.key";

    /// <summary>Reads the keys, or makes one at the first start. Of two processes that do so at once, one makes it and both read that.</summary>
    /// <exception cref="SettingsException">The file holds no key.</exception>
    public static IReadOnlyList<SigningKey> ReadOrCreate(string dataDirectory, IRandom random) =>
        ReadOrCreate(dataDirectory, FileName, SigningKey.Generate, random);

    /// <summary>Reads the keys; null if there is no file.</summary>
    /// <exception cref="SettingsException">The file holds no key.</exception>
    public static IReadOnlyList<SigningKey>? Read(string dataDirectory) => Read(dataDirectory, FileName);

    /// <summary>Adds a key to the file, which is whole at any time.</summary>
    /// <exception cref="SettingsException">The file holds no key.</exception>
    public static void Add(string dataDirectory, SigningKey key, IRandom random)
    {
        var path = Path.Combine(dataDirectory, FileName);
        File.Move(Write(path, [.. Read(dataDirectory) ?? [], key], random), path, overwrite: true);
    }

    /// <summary>The same for the key of this server as a policy server, in <c>policy.key</c>.</summary>
    /// <exception cref="SettingsException">The file holds no key.</exception>
    public static SigningKey ReadOrCreatePolicyKey(string dataDirectory, IRandom random) =>
        ReadOrCreate(dataDirectory, PolicyFileName, GeneratePolicyKey, random)[0];

    /// <inheritdoc cref="Read(string)"/>
    public static SigningKey? ReadPolicyKey(string dataDirectory) => Read(dataDirectory, PolicyFileName)?[0];

    /// <summary>A new key for a policy server.</summary>
    public static SigningKey GeneratePolicyKey(IRandom random)
    {
        var seed = new byte[Ed25519.SeedSize];
        random.Fill(seed);
        return SigningKey.FromSeed(RoomPolicyServer.KeyVersion, seed);
    }

    private static IReadOnlyList<SigningKey> ReadOrCreate(string dataDirectory, string fileName, Func<IRandom, SigningKey> make, IRandom random)
    {
        if (Read(dataDirectory, fileName) is { } keys)
            return keys;
        Create(Path.Combine(dataDirectory, fileName), make(random), random);
        return Read(dataDirectory, fileName)!;
    }

    private static IReadOnlyList<SigningKey>? Read(string dataDirectory, string fileName)
    {
        var path = Path.Combine(dataDirectory, fileName);
        if (!File.Exists(path))
            return null;
        return KeyLines.Parse(File.ReadAllText(path)) ??
            throw new SettingsException("Matrix:DataDirectory", $"{path} is not a signing key (ed25519 VERSION BASE64-SEED)");
    }

    // The path of a file with the keys, which is to be put in place.
    private static string Write(string path, IEnumerable<SigningKey> keys, IRandom random)
    {
        var temporary = $"{path}.{RandomText.Base62(random, 8)}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(temporary, options);
        using var writer = new StreamWriter(file, leaveOpen: true);
        writer.Write(KeyLines.Write(keys) + "\n");
        writer.Flush();
        file.Flush(flushToDisk: true);
        return temporary;
    }

    private static void Create(string path, SigningKey key, IRandom random)
    {
        var temporary = Write(path, [key], random);
        try
        {
            // Fails if another process was first, as a rename would not.
            if (OperatingSystem.IsWindows())
                File.Move(temporary, path, overwrite: false);
            else if (Link(temporary, path) != 0 && !File.Exists(path))
                throw new IOException($"'{path}' cannot be created");
        }
        catch (IOException) when (File.Exists(path))
        {
            // The other process's key is the one to read.
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);
}
