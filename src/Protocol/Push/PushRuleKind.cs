using System.Collections.Immutable;

namespace OrleansMatrix.Protocol.Push;

/// <summary>The kinds of push rules, in the order in which they are looked at (C-S API, Push rules).</summary>
public enum PushRuleKind
{
    Override,
    Content,
    Room,
    Sender,
    Underride,
}

/// <summary>The names of the kinds.</summary>
public static class PushRuleKinds
{
    private static readonly ImmutableArray<string> s_names = ["override", "content", "room", "sender", "underride"];

    /// <summary>All kinds, in the order in which they are looked at.</summary>
    public static ImmutableArray<PushRuleKind> All { get; } =
        [PushRuleKind.Override, PushRuleKind.Content, PushRuleKind.Room, PushRuleKind.Sender, PushRuleKind.Underride];

    /// <summary>The name in paths and in JSON.</summary>
    public static string Name(this PushRuleKind kind) => s_names[(int)kind];

    /// <summary>The kind of a name.</summary>
    public static bool TryParse(string? name, out PushRuleKind kind)
    {
        var index = name is null ? -1 : s_names.IndexOf(name);
        kind = (PushRuleKind)Math.Max(index, 0);
        return index >= 0;
    }
}
