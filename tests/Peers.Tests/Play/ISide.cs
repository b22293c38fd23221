using System.Text.Json.Nodes;

namespace OrleansMatrix.Peers.Tests.Play;

/// <summary>What became of something that a user did.</summary>
internal enum Done
{
    Yes,
    No,

    /// <summary>The network was in between: another server may have heard of it or not.</summary>
    Unsure,
}

/// <summary>
/// One of the servers of a schedule with its users: a speaker, who is in the room from beginning to end, and another one, who comes and goes.
/// </summary>
internal interface ISide
{
    string Server { get; }

    string Speaker { get; }

    string Other { get; }

    /// <summary>A user who is in no room, if it has one.</summary>
    string Stranger { get; }

    /// <summary>Its view of rooms is compared with others'.</summary>
    bool IsHonest { get; }

    /// <summary>The alias that a room has on the server where it was made.</summary>
    static string AliasOf(string room, string server) => $"#{room[1..].Split(':')[0]}:{server}";

    /// <summary>Makes a room with an alias; its id.</summary>
    Task<string> CreateRoomAsync(string version, string joinRule, IReadOnlyCollection<string> powerful);

    Task<Done> JoinAsync(string user, string room, string via);

    /// <summary>Leaves a room, or says no to an invite, or takes a knock back.</summary>
    Task<Done> LeaveAsync(string user, string room, string via);

    Task<Done> KnockAsync(string user, string room, string via);

    /// <summary>Sets somebody else's membership.</summary>
    Task<Done> SetMemberAsync(string by, string room, string target, string membership);

    /// <summary>Sends a message; its id, or null if that was refused.</summary>
    Task<string?> SayAsync(string user, string room, string text);

    Task<Done> SetStateAsync(string user, string room, string type, string key, JsonObject content);

    Task<Done> RedactAsync(string user, string room, string eventId);

    /// <summary>The content of a state event; null if there is none.</summary>
    Task<JsonObject?> StateOfAsync(string room, string type, string key);

    /// <summary>The newest message of others, to which a receipt goes; that event's id.</summary>
    Task<string?> ReadAsync(string user, string room);

    Task TypeAsync(string user, string room);

    Task SendToDeviceAsync(string user, string target, int number);

    Task ChangeDevicesAsync(string user, int number);

    Task ChangeMasterAsync(string user);

    Task SetNameAsync(string user, string name);

    /// <summary>How many things its servers and users ask others for without changing anything.</summary>
    int Looks { get; }

    /// <summary>Asks another server for one of them.</summary>
    Task LookAsync(ISide other, string room, int kind, Random random);

    /// <summary>The state of a room: by type and state key the event's id.</summary>
    Task<SortedDictionary<string, string>> StateAsync(string room);

    /// <summary>The ids of all messages of a room, or of some of the newest, oldest first, with whether they have content left.</summary>
    Task<List<(string Id, bool IsWhole)>> MessagesAsync(string room, bool onlyNewest = false);

    /// <summary>What the user is told of its own place in a room: join, invite, knock or leave.</summary>
    Task<string> MembershipAsync(string user, string room);

    /// <summary>What the room's members are told of a user's place in it.</summary>
    Task<string> MemberAsync(string user, string room);

    Task<string?> ReceiptOfAsync(string room, string user);

    Task<string?> NameOfAsync(string user);

    /// <summary>The messages to the speaker's device, sender and number, in order.</summary>
    Task<List<(string Sender, string Number)>> ArrivedAsync();

    /// <summary>The identity keys of a user's devices, and the master key, as JSON in a fixed form.</summary>
    Task<string> DevicesOfAsync(string user);
}
