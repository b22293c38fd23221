namespace OrleansMatrix.Load.Flooding;

/// <summary>One way to hurt a server.</summary>
/// <param name="Name">What it is called in the report.</param>
/// <param name="Workers">Tasks of each attacker at once.</param>
/// <param name="Prepare">What an attacker puts there first.</param>
/// <param name="Step">What a worker does again and again; the answer's status, or 0 if there was none.</param>
internal sealed record Flood(
    string Name, int Workers, Func<Attacker, CancellationToken, Task> Prepare, Func<Attacker, HttpConnection, int, CancellationToken, Task<int>> Step);
