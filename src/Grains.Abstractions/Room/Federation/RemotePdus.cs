using System.Collections.Immutable;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions.Room.Federation;

/// <summary>Events as a remote server sent them.</summary>
/// <param name="Origin">The server that sent them (not always the senders' server).</param>
/// <param name="Pdus">Events in the federation format.</param>
/// <param name="StateBefore">
/// For one event whose previous events cannot be had: the event ids of the state before it, all known here as outliers;
/// none if the room's state lacks members, so that the state is not to be had; default otherwise.
/// </param>
/// <param name="AtMissing">For one event instead of that: the state before each previous event that is missing, which itself is known as an outlier.</param>
/// <param name="Stage">Keep events that cannot be judged because something is missing, to judge them later (ADR 0035).</param>
[GenerateSerializer, Immutable, Alias("RemotePdus")]
public sealed record RemotePdus(
    [property: Id(0)] ServerName Origin, [property: Id(1)] ImmutableArray<ReadOnlyMemory<byte>> Pdus,
    [property: Id(2)] ImmutableArray<string> StateBefore = default,
    [property: Id(3)] ImmutableArray<StateAtEvent> AtMissing = default, [property: Id(4)] bool Stage = false);
