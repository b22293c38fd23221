namespace OrleansMatrix.Grains.Abstractions.Housekeeping;

/// <summary>
/// The work that the whole server has once, however many silos it has: deleting what is kept only for a time, and waking what has unfinished work in storage.
/// Key: <see cref="Key"/>.
/// </summary>
[Alias("IHousekeepingGrain"), GrainInterfaceType("IHousekeepingGrain")]
public interface IHousekeepingGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Key = "server";

    /// <summary>
    /// A silo has started, or has died: what is unfinished is looked at. Every silo tells of each death; one look is enough for them all.
    /// </summary>
    /// <param name="silo">Its address, with the number of its life.</param>
    /// <param name="isDead">It died.</param>
    [Alias("SiloChanged")]
    Task SiloChanged(string silo, bool isDead);
}
