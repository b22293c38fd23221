using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans.Embedded;

/// <summary>A call on its way through the silo's filters, then the grain's own, to the grain.</summary>
internal sealed class CallFilterContext(Invocation call, Activation activation, object target, IIncomingGrainCallFilter[] filters,
    Func<Task<object?>> start) : IIncomingGrainCallContext
{
    private int _next;

    public object Grain => target;

    public GrainId? SourceId => call.Sender?.GrainId;

    public GrainId TargetId => activation.GrainId;

    public GrainInterfaceType InterfaceType => call.CalledMethod.GrainInterfaceType;

    public string InterfaceName => call.CalledMethod.InterfaceName;

    public string MethodName => call.CalledMethod.Name;

    public IInvokable Request => call;

    public object? Result { get; set; }

    public IGrainContext TargetContext => activation;

    public async Task Invoke()
    {
        var index = _next++;
        if (index < filters.Length)
            await filters[index].Invoke(this).ConfigureAwait(true);
        else if (index == filters.Length && target is IIncomingGrainCallFilter own)
            await own.Invoke(this).ConfigureAwait(true);
        else
            Result = await start().ConfigureAwait(true);
    }
}
