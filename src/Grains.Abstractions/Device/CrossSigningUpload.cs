namespace OrleansMatrix.Grains.Abstractions.Device;

/// <summary>What became of an upload of cross-signing keys.</summary>
[GenerateSerializer, Alias("CrossSigningUpload")]
public enum CrossSigningUpload
{
    /// <summary>The keys are stored (or were there already).</summary>
    Stored,

    /// <summary>It replaces keys: the user must pass user-interactive authentication first. Nothing was stored.</summary>
    AuthenticationNeeded,
}
