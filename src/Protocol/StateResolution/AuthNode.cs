using OrleansMatrix.Protocol.Authorization;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>An event in the graph of auth events that state resolution walks.</summary>
internal sealed class AuthNode(Pdu pdu, StateKey key, bool isRejected, int? generation)
{
    public Pdu Pdu { get; } = pdu;

    public string Id => Pdu.EventId;

    public StateKey Key { get; } = key;

    public bool IsRejected { get; } = isRejected;

    /// <summary>Above that of each of <see cref="Parents"/>; known once the node was given out by <see cref="AuthGraph"/>.</summary>
    public int? Generation { get; set; } = generation;

    /// <summary>The auth events that are there and have a lower generation; null before they were loaded.</summary>
    public List<AuthNode>? Parents { get; set; }

    /// <summary>The first auth event of a type and state key that is there, among <see cref="Parents"/>.</summary>
    public AuthNode? Parent(string type, string stateKey)
    {
        foreach (var parent in Parents!)
        {
            if (parent.Key.Type == type && parent.Key.Key == stateKey)
                return parent;
        }

        return null;
    }
}
