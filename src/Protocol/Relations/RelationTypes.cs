namespace OrleansMatrix.Protocol.Relations;

/// <summary>The values of <c>rel_type</c> that servers know.</summary>
public static class RelationTypes
{
    public const string Replace = "m.replace";
    public const string Thread = "m.thread";
    public const string Annotation = "m.annotation";
    public const string Reference = "m.reference";
}
