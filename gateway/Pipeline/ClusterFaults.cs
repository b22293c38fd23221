using Orleans.Runtime.Messaging;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Faults of the cluster and not of a request: the silo that a call went to died, is about to stop, cannot be reached or has too much to do. Whether the call
/// was run is not known.
/// </summary>
internal static class ClusterFaults
{
    /// <summary>
    /// True of a fault after which the same call may succeed on another silo. A cancellation that nobody here asked for is one of the silo that ran the call,
    /// which stops. The plain exception is of a directory that does not know, or does not know any more, the silo of an activation.
    /// </summary>
    public static bool IsOne(Exception fault) => fault is OrleansMessageRejectionException or ConnectionFailedException or GatewayTooBusyException
        or LimitExceededException or ClientNotAvailableException or OrleansLifecycleCanceledException or OperationCanceledException ||
        fault.GetType() == typeof(OrleansException);
}
