using System.Globalization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Persistence;

/// <summary>Orleans' grain storage in the server's database, for one silo on SQLite: the document of a grain, its version as the etag.</summary>
internal sealed class StoredGrainState(IStorage storage, OrleansGrainStorageSerializer serializer, IActivatorProvider activators) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var row = await storage.GrainStates.GetAsync(stateName, KeyOf(grainId));
        grainState.RecordExists = row is not null;
        grainState.ETag = row?.Version.ToString(CultureInfo.InvariantCulture);
        grainState.State = row is null ? activators.GetActivator<T>().Create() : serializer.Deserialize<T>(new BinaryData(row.Payload));
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var written = await storage.GrainStates.PutAsync(stateName, KeyOf(grainId), serializer.Serialize(grainState.State).ToMemory(), VersionOf(grainState));
        if (written is not { } version)
            throw Inconsistent(stateName, grainId, grainState);
        grainState.RecordExists = true;
        grainState.ETag = version.ToString(CultureInfo.InvariantCulture);
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (VersionOf(grainState) is { } version && !await storage.GrainStates.DeleteAsync(stateName, KeyOf(grainId), version))
            throw Inconsistent(stateName, grainId, grainState);
        grainState.RecordExists = false;
        grainState.ETag = null;
        grainState.State = activators.GetActivator<T>().Create();
    }

    private static string KeyOf(GrainId grainId) => grainId.Key.ToString()!;

    private static long? VersionOf<T>(IGrainState<T> state) => string.IsNullOrEmpty(state.ETag) ? null : long.Parse(state.ETag, CultureInfo.InvariantCulture);

    private static InconsistentStateException Inconsistent<T>(string stateName, GrainId grainId, IGrainState<T> state) =>
        new($"another activation has written {stateName} of {grainId} since version {state.ETag}");
}
