namespace Orleans.Embedded;

internal enum ActivationState : byte
{
    /// <summary>No call has arrived yet.</summary>
    Created,

    /// <summary>OnActivateAsync runs; calls wait.</summary>
    Activating,

    /// <summary>Calls run.</summary>
    Active,

    /// <summary>The calls under way run to their end; new ones wait.</summary>
    Deactivating,

    /// <summary>OnDeactivateAsync runs; calls wait.</summary>
    Ending,

    /// <summary>It is out of the table; calls go on to its successor.</summary>
    Gone,
}
