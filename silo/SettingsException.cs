namespace OrleansMatrix.Silo;

/// <summary>A setting that stops the start. The message is one line that names the key.</summary>
public sealed class SettingsException(string key, string problem) : Exception($"{key}: {problem}")
{
    /// <summary>The setting's key.</summary>
    public string Key { get; } = key;
}
