using Microsoft.Extensions.Configuration;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Silo.Tests;

public sealed class SettingsReaderTests
{
    [Fact]
    public void Without_settings_the_server_is_a_closed_one_on_this_machine()
    {
        var settings = Read();
        Assert.Equal("localhost", settings.ServerName.Value);
        Assert.Equal(Path.GetFullPath("./data"), settings.DataDirectory);
        Assert.Equal("", settings.Database);
        Assert.Null(settings.PublicBaseUrl);
        Assert.Equal(new RegistrationSettings(), settings.Registration);
        Assert.False(settings.Registration.Enabled);
        Assert.True(settings.RateLimitsEnabled);
        Assert.False(settings.AllowPrivateAddresses);
        Assert.Equal(100 * 1024 * 1024, settings.Media.MaxUploadBytes);
    }

    [Fact]
    public void Budgets_are_as_they_are_set()
    {
        var named = Budgets.All.SelectMany(static row => new[] { row.CountSetting, row.BytesSetting }).OfType<string>().ToList();
        Assert.Equal(named.Count, named.Distinct().Count());
        var settings = Read([.. named.Select(static name => ("Budgets:" + name, "123456"))]);
        Assert.All(Budgets.All, row =>
        {
            var set = settings.BudgetOf(row);
            Assert.Equal(row.CountSetting is null ? row.MaxCount : 123_456, set.MaxCount);
            Assert.Equal(row.BytesSetting is null ? row.MaxBytes : 123_456, set.MaxBytes);
            Assert.Equal(row, Read().BudgetOf(row));
        });
        Assert.Throws<SettingsException>(() => Read(("Budgets:Devices", "0")));
        Assert.Throws<SettingsException>(() => Read(("Budgets:Filters", "1")));
    }

    [Fact]
    public void All_settings_are_read()
    {
        var settings = Read(
            ("ServerName", "example.org:8448"), ("PublicBaseUrl", "https://m.example.org/"), ("Registration:Enabled", "true"),
            ("Registration:AllowGuests", "True"),
            ("Registration:RequireToken", "true"), ("Registration:SharedSecret", "s"), ("RateLimits:Enabled", "false"),
            ("Outbound:AllowPrivateAddresses", "true"),
            ("Media:MaxUploadBytes", "5"), ("Turn:Uris:0", "turn:t"), ("Turn:SharedSecret", "x"),
            ("Support:Contacts:0:MatrixId", "@a:b"), ("Support:Page", "https://help"), ("Database", "Host=x"),
            ("TrustedProxies:0", "10.0.0.0/8"), ("TrustedProxies:1", "fd00::/8"));
        Assert.Equal(("example.org:8448", "https://m.example.org"), (settings.ServerName.Value, settings.PublicBaseUrl));
        Assert.Equal(new RegistrationSettings { Enabled = true, AllowGuests = true, RequireToken = true, SharedSecret = "s" }, settings.Registration);
        Assert.Equal((false, true, 5L), (settings.RateLimitsEnabled, settings.AllowPrivateAddresses, settings.Media.MaxUploadBytes));
        Assert.Equal("turn:t", Assert.Single(settings.Turn.Uris));
        Assert.Equal("@a:b", Assert.Single(settings.Support.Contacts).MatrixId);
        Assert.Equal("Host=x", settings.Database);
        Assert.Equal(["10.0.0.0/8", "fd00::/8"], settings.TrustedProxies.Select(static network => network.ToString()));
    }

    [Fact]
    public void Bodies_of_other_servers_have_a_quarter_of_the_memory_within_bounds()
    {
        const long MiB = 1024 * 1024;
        Assert.Equal(64 * MiB, Read(("MemoryLimit", "201326592")).Federation.BodyMemoryBytes);
        Assert.Equal(100 * MiB, Read(("MemoryLimit", "419430400")).Federation.BodyMemoryBytes);
        Assert.Equal(128 * MiB, Read(("MemoryLimit", "1073741824")).Federation.BodyMemoryBytes);
        Assert.InRange(Read().MemoryLimitBytes, MatrixSettings.LeastMemoryLimit, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }

    [Theory]
    [InlineData("ServerName", "not a name")]
    [InlineData("PublicBaseUrl", "example.org")]
    [InlineData("Registration:Enabled", "maybe")]
    [InlineData("Media:MaxUploadBytes", "0")]
    [InlineData("Federation:BodyMemoryBytes", "1000")]
    [InlineData("Media:MaxUploadBytes", "10 MB")]
    [InlineData("MemoryLimit", "100000000")]
    [InlineData("Turn:TtlSeconds", "1")]
    [InlineData("Cluster:Role", "both")]
    [InlineData("Cluster:Role", "gateway")]
    [InlineData("Cluster:GatewayPort", "65536")]
    [InlineData("KeySecret", "short")]
    [InlineData("Cluster:Tls:Certificate", "/none.pem")]
    [InlineData("Registration:Enable", "true")]
    [InlineData("Turn:Uris:0", "http://turn")]
    public void A_wrong_setting_is_named_in_one_line(string key, string value)
    {
        var fault = Assert.Throws<SettingsException>(() => Read((key, value)));
        Assert.Equal("Matrix:" + key, fault.Key);
        Assert.StartsWith("Matrix:" + key + ": ", fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public void What_this_version_does_not_have_yet_is_passed_over_and_named()
    {
        var settings = Read(("UrlPreviews:Enabled", "true"), ("Email:SmtpHost", "localhost"), ("Email:SmtpPort", "25"));
        Assert.Equal(["Matrix:Email", "Matrix:UrlPreviews"], settings.PassedOver);
        Assert.Empty(Read(("DefaultRoomVersion", "11")).PassedOver);
    }

    private static MatrixSettings Read(params (string Key, string Value)[] settings) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(static setting => KeyValuePair.Create("Matrix:" + setting.Key, (string?)setting.Value))).Build());
}
