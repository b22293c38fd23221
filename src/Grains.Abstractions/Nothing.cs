namespace OrleansMatrix.Grains.Abstractions;

/// <summary>Nothing to tell but success.</summary>
[GenerateSerializer, Immutable, Alias("Nothing")]
public readonly record struct Nothing
{
    public static Nothing Value => default;
}
