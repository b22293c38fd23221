namespace Orleans.Serialization.Invocation;

/// <summary>The method and the arguments of a call.</summary>
public interface IInvokable : IDisposable
{
    /// <summary>The number of arguments, a cancellation token included.</summary>
    int GetArgumentCount();

    /// <summary>One argument.</summary>
    object? GetArgument(int index);

    /// <summary>The name of the method.</summary>
    string GetMethodName();

    /// <summary>The name of the interface that declares the method.</summary>
    string GetInterfaceName();

    /// <summary>The interface that declares the method.</summary>
    Type GetInterfaceType();
}
