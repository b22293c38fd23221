using OrleansMatrix.Silo.Keys;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Silo.Tests;

public sealed class SigningKeyFileTests
{
    [Fact]
    public async Task Of_many_first_starts_one_makes_the_key_and_all_read_it()
    {
        using var folder = new TemporaryFolder();
        var keys = await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() => SigningKeyFile.ReadOrCreate(folder.Path, new SeededRandom(seed)))));
        Assert.Single(keys.Select(static key => Assert.Single(key).ToFileLine()).Distinct());
        Assert.StartsWith("ed25519:a_", keys[0][0].KeyId);
        Assert.Equal("signing.key", Path.GetFileName(Assert.Single(Directory.EnumerateFiles(folder.Path))));
    }

    [Fact]
    public void Only_the_owner_can_read_the_key()
    {
        using var folder = new TemporaryFolder();
        SigningKeyFile.ReadOrCreate(folder.Path, new SeededRandom());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.File("signing.key")));
    }

    [Fact]
    public void A_file_that_is_no_key_stops_the_start()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("signing.key"), "nonsense");
        Assert.Equal("Matrix:DataDirectory", Assert.Throws<SettingsException>(() => SigningKeyFile.ReadOrCreate(folder.Path, new SeededRandom())).Key);
    }
}
