namespace Orleans.Embedded.Tests.Api;

/// <summary>
/// Whatever the engine offers under a name of Orleans has the signature it has there, down to parameter names and
/// defaults, so that the same source compiles against both. What is the engine's own sits in Orleans.Embedded.
/// </summary>
public class OfficialApiTests
{
    // Types of official assemblies that are not to be had here: their signatures are kept right by hand.
    private static readonly HashSet<string> Elsewhere =
    [
        // Orleans.Serialization.Abstractions, Orleans.Serialization
        "Orleans.AliasAttribute", "Orleans.GenerateSerializerAttribute", "Orleans.IdAttribute", "Orleans.ImmutableAttribute",
        "Orleans.ResponseTimeoutAttribute", "Orleans.Serialization.Invocation.IInvokable",
        // Orleans.Core
        "Microsoft.Extensions.Hosting.OrleansClientGenericHostExtensions", "Orleans.CollectionAgeLimitAttribute",
        "Orleans.Configuration.ClusterOptions", "Orleans.Configuration.MessagingOptions", "Orleans.Hosting.ClientBuilderExtensions",
        "Orleans.Hosting.IClientBuilder", "Orleans.IClusterClient", "Orleans.KeepAliveAttribute", "Orleans.ServiceLifecycleStage",
        // Orleans.Runtime
        "Microsoft.Extensions.Hosting.OrleansSiloGenericHostExtensions", "Orleans.Configuration.EndpointOptions",
        "Orleans.Configuration.GrainCollectionOptions", "Orleans.Configuration.SiloMessagingOptions", "Orleans.Configuration.SiloOptions",
        "Orleans.Hosting.CoreHostingExtensions", "Orleans.Hosting.EndpointOptionsExtensions",
        "Orleans.Hosting.GrainCallFilterSiloBuilderExtensions", "Orleans.Hosting.ISiloBuilder", "Orleans.Hosting.SiloBuilderExtensions",
        "Orleans.Hosting.SiloBuilderStartupExtensions", "Orleans.Runtime.ISiloLifecycle",
        // Orleans.Reminders
        "Orleans.GrainReminderExtensions", "Orleans.Hosting.ReminderOptions", "Orleans.Hosting.SiloBuilderReminderMemoryExtensions",
        "Orleans.IRemindable", "Orleans.Runtime.IGrainReminder", "Orleans.Runtime.ReminderException", "Orleans.Runtime.TickStatus",
        "Orleans.Timers.IReminderRegistry",
    ];

    private static readonly Dictionary<string, TypeSurface> Ours = ApiSurface.Read(typeof(Grain).Assembly.Location)
        .Where(type => !type.Key.StartsWith("Orleans.Embedded.", StringComparison.Ordinal)).ToDictionary();

    private static readonly Dictionary<string, TypeSurface> Official = Directory
        .GetFiles(Path.Combine(AppContext.BaseDirectory, "official"), "*.dll").SelectMany(ApiSurface.Read)
        .DistinctBy(type => type.Key).ToDictionary();

    [Fact]
    public void No_type_has_a_name_that_Orleans_does_not_have()
    {
        Assert.True(Official.Count > 200, "The official assemblies were not read.");
        Assert.Equal([], Ours.Keys.Where(type => !Official.ContainsKey(type) && !Elsewhere.Contains(type)));
        Assert.Equal([], Elsewhere.Where(type => Official.ContainsKey(type) || !Ours.ContainsKey(type)));
    }

    [Fact]
    public void Types_have_the_shape_they_have_in_Orleans() => Assert.Equal([], Shared()
        .Where(type => type.Ours.Shape != type.Official.Shape)
        .Select(type => $"{type.Name}: {type.Ours.Shape} is {type.Official.Shape}"));

    [Fact]
    public void Types_implement_no_interface_that_they_do_not_in_Orleans() => Assert.Equal([], Shared()
        .SelectMany(type => type.Ours.Interfaces.Except(type.Official.Interfaces).Select(i => $"{type.Name}: {i}")));

    [Fact]
    public void Members_have_the_signature_they_have_in_Orleans() => Assert.Equal([], Shared()
        .SelectMany(type => type.Ours.Members.Except(type.Official.Members).Select(member => $"{type.Name}: {member}")));

    [Fact]
    public void Of_an_interface_that_grains_implement_no_member_is_missing()
    {
        string[] complete =
        [
            "Orleans.IGrainBase", "Orleans.IIncomingGrainCallFilter", "Orleans.ILifecycleObserver", "Orleans.ILifecycleObservable",
            "Orleans.ILifecycleParticipant`1", "Orleans.Runtime.IGrainTimer", "Orleans.Runtime.GrainTimerCreationOptions",
            "Orleans.DeactivationReason", "Orleans.DeactivationReasonCode", "Orleans.GrainBaseExtensions",
        ];
        Assert.Equal([], complete.SelectMany(name => Official[name].Members.Except(Ours[name].Members)
            .Where(member => !member.Contains("Migrate", StringComparison.Ordinal)).Select(member => $"{name}: {member}")));
    }

    private static IEnumerable<(string Name, TypeSurface Ours, TypeSurface Official)> Shared() =>
        Ours.Where(type => Official.ContainsKey(type.Key)).Select(type => (type.Key, type.Value, Official[type.Key]));
}
