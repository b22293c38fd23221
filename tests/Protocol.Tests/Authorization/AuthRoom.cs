using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;
using OrleansMatrix.Protocol.RoomVersions;

namespace OrleansMatrix.Protocol.Tests.Authorization;

/// <summary>
/// A room whose state a test sets up and in which it tries an event: <c>@creator:one</c> made it, <c>@mod:one</c> has level 50,
/// <c>@user:one</c> level 0, all three joined; <c>@out:two</c> never was in.
/// </summary>
internal sealed class AuthRoom
{
    public const string Creator = "@creator:one";
    public const string Mod = "@mod:one";
    public const string User = "@user:one";
    public const string Out = "@out:two";
    public const string Rest = """ "users_default":0,"events_default":0,"state_default":50,"ban":50,"kick":50,"redact":50,"invite":0 """;

    private int _count;

    public AuthRoom(RoomVersion version, string createContent = "{}", bool powerLevels = true)
    {
        Version = version;
        var creator = createContent == "{}" && !version.CreatorIsSender ? $$"""{"creator":"{{Creator}}"}""" : createContent;
        Create = new TestPdu(version, "$create:one", EventTypes.Create, Creator, "", creator)
        {
            RoomId = version.RoomIdIsCreateHash ? null : "!room:one",
        }.Build();
        State = new AuthState(version, [Create]);
        foreach (var user in new[] { Creator, Mod, User })
            Set(EventTypes.Member, user, user, """{"membership":"join"}""");
        if (powerLevels)
            SetLevels($"{{{Rest},\"users\":{{{CreatorLevel}\"{Mod}\":50}}}}");
    }

    public RoomVersion Version { get; }

    public Pdu Create { get; }

    public AuthState State { get; }

    /// <summary>The creator's entry in <c>users</c>, with a comma after it; v12 wants none.</summary>
    public string CreatorLevel => Version.PrivilegedCreators ? "" : $"\"{Creator}\":100,";

    public AuthRoom Set(string type, string stateKey, string sender, string content)
    {
        State.Set(Event(type, stateKey, sender, content).Build());
        return this;
    }

    public AuthRoom SetLevels(string content) => Set(EventTypes.PowerLevels, "", Creator, content);

    public AuthRoom SetMember(string user, string membership) =>
        Set(EventTypes.Member, user, Creator, $$"""{"membership":"{{membership}}"}""");

    public AuthRoom SetJoinRule(string rule) => Set(EventTypes.JoinRules, "", Creator, $$"""{"join_rule":"{{rule}}"}""");

    public TestPdu Event(string type, string? stateKey, string sender, string content) =>
        new(Version, $"$e{++_count}:one", type, sender, stateKey, content) { RoomId = Create.RoomId, PrevEvents = ["$prev:one"] };

    public AuthResult Try(TestPdu pdu) => AuthRules.Check(Version, pdu.Build(), State);

    public AuthResult Try(string type, string? stateKey, string sender, string content) => Try(Event(type, stateKey, sender, content));

    public AuthResult TryMember(string sender, string target, string membership) =>
        Try(EventTypes.Member, target, sender, $$"""{"membership":"{{membership}}"}""");

    public AuthResult TryLevels(string sender, string content) => Try(EventTypes.PowerLevels, "", sender, content);
}
