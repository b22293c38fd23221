using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Events;

namespace OrleansMatrix.Protocol.Relations;

/// <summary>What a server checks of relations that its own clients send.</summary>
public static class RelationChecks
{
    /// <summary>The error for a client's event with this relation; null when it may be sent.</summary>
    /// <param name="type">The type of the event to be sent.</param>
    /// <param name="sender">Its sender.</param>
    /// <param name="relation">Its relation.</param>
    /// <param name="parent">The event it relates to; null when this server does not have it.</param>
    /// <param name="annotations">The annotations of the parent by the sender that are not redacted.</param>
    public static MatrixError? Check(string type, string sender, Relation relation, Pdu? parent, IEnumerable<Pdu> annotations)
    {
        ArgumentNullException.ThrowIfNull(annotations);
        return relation.RelType switch
        {
            // C-S API, Validation of m.thread relationships.
            RelationTypes.Thread when parent is not null && Relation.Of(parent) is not null =>
                MatrixError.Unknown("A thread cannot start at an event that itself relates to another"),
            // C-S API, Avoiding duplicate annotations.
            RelationTypes.Annotation when annotations.Any(a => IsSame(a, type, sender, relation)) =>
                new MatrixError(ErrCodes.DuplicateAnnotation, 400, "You have annotated this event with this key already"),
            _ => null,
        };
    }

    private static bool IsSame(Pdu annotation, string type, string sender, Relation relation) =>
        annotation.Type == type && annotation.Sender == sender && Relation.Of(annotation) == relation;
}
