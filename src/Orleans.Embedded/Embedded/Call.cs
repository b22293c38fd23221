using System.Runtime.CompilerServices;

namespace Orleans.Embedded;

/// <summary>The result of a method that returns none.</summary>
public readonly struct NoResult;

/// <summary>A call with a result; generated code derives one class per method from the classes below.</summary>
public abstract class Call<TResult>(GrainMethod method) : Invocation
{
    // Used as a promise: it needs no object but the task it hands out.
    private AsyncTaskMethodBuilder<TResult> _answer;

    internal sealed override GrainMethod CalledMethod => method;

    /// <summary>The caller's task; to be read once before the call is sent.</summary>
    internal Task<TResult> Answer => _answer.Task;

    private Task? _pending;

    /// <summary>Calls the method; null if it succeeded at once, else its task, failed ones included.</summary>
    private protected abstract Task? Start(object target, out TResult result);

    internal sealed override bool Run(Activation activation, object target)
    {
        Task? task;
        TResult result;
        try
        {
            task = Start(target, out result);
        }
        catch (Exception exception)
        {
            Fail(activation, exception);
            return true;
        }
        if (task is not null)
            return Await(activation, task);
        Succeed(result);
        return true;
    }

    internal sealed override bool RunFiltered(Activation activation, object target, IIncomingGrainCallFilter[] filters) =>
        Await(activation, Filter(activation, target, filters));

    internal sealed override void SetFailure(Exception exception)
    {
        if ((Options & GrainMethodOptions.OneWay) == 0)
            _answer.SetException(exception);
    }

    private async Task<TResult> Filter(Activation activation, object target, IIncomingGrainCallFilter[] filters)
    {
        var context = new CallFilterContext(this, activation, target, filters, async () =>
        {
            if (Start(target, out var result) is not { } task)
                return result;
            await task.ConfigureAwait(true);
            return ResultOf(task);
        });
        await context.Invoke().ConfigureAwait(true);
        return context.Result is TResult result ? result : default!;
    }

    private static TResult ResultOf(Task task) => task is Task<TResult> withResult ? withResult.Result : default!;

    private bool Await(Activation activation, Task task)
    {
        if (task.IsCompleted)
        {
            Finish(activation, task);
            return true;
        }
        // The awaiter captures the activation, so the continuation runs in a turn of it.
        _pending = task;
        task.GetAwaiter().UnsafeOnCompleted(OnCompleted);
        return false;
    }

    private void OnCompleted()
    {
        Finish(Target!, _pending!);
        Target!.Finished(this);
    }

    private void Finish(Activation activation, Task task)
    {
        if (task.IsCompletedSuccessfully)
        {
            Succeed(ResultOf(task));
            return;
        }
        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            Fail(activation, exception);
        }
    }

    private void Succeed(TResult result)
    {
        if (ClaimAnswer() && (Options & GrainMethodOptions.OneWay) == 0)
            _answer.SetResult(result);
    }

    private void Fail(Activation activation, Exception exception)
    {
        if ((Options & GrainMethodOptions.OneWay) != 0)
            Log.OneWayCallFailed(activation.Silo.Logger, exception, CalledMethod, activation.GrainId);
        TryFail(exception);
    }
}

/// <summary>A call of a method that returns <see cref="Task{TResult}"/>.</summary>
public abstract class TaskCall<TResult>(GrainMethod method) : Call<TResult>(method)
{
    /// <summary>Calls the method.</summary>
    protected abstract Task<TResult> Invoke(object target);

    private protected sealed override Task? Start(object target, out TResult result)
    {
        var task = Invoke(target);
        var done = task.IsCompletedSuccessfully;
        result = done ? task.Result : default!;
        return done ? null : task;
    }
}

/// <summary>A call of a method that returns <see cref="ValueTask{TResult}"/>.</summary>
public abstract class ValueTaskCall<TResult>(GrainMethod method) : Call<TResult>(method)
{
    /// <summary>Calls the method.</summary>
    protected abstract ValueTask<TResult> Invoke(object target);

    private protected sealed override Task? Start(object target, out TResult result)
    {
        var task = Invoke(target);
        if (task.IsCompletedSuccessfully)
        {
            result = task.Result;
            return null;
        }
        result = default!;
        return task.AsTask();
    }
}

/// <summary>A call of a method that returns <see cref="Task"/>.</summary>
public abstract class TaskCall(GrainMethod method) : Call<NoResult>(method)
{
    /// <summary>Calls the method.</summary>
    protected abstract Task Invoke(object target);

    private protected sealed override Task? Start(object target, out NoResult result)
    {
        var task = Invoke(target);
        result = default;
        return task.IsCompletedSuccessfully ? null : task;
    }
}

/// <summary>A call of a method that returns <see cref="ValueTask"/>.</summary>
public abstract class ValueTaskCall(GrainMethod method) : Call<NoResult>(method)
{
    /// <summary>Calls the method.</summary>
    protected abstract ValueTask Invoke(object target);

    private protected sealed override Task? Start(object target, out NoResult result)
    {
        var task = Invoke(target);
        result = default;
        if (task.IsCompletedSuccessfully)
        {
            // Gives a pooled source back.
            task.GetAwaiter().GetResult();
            return null;
        }
        return task.AsTask();
    }
}

/// <summary>A call of a method that returns nothing.</summary>
public abstract class VoidCall(GrainMethod method) : Call<NoResult>(method)
{
    /// <summary>Calls the method.</summary>
    protected abstract void Invoke(object target);

    private protected sealed override Task? Start(object target, out NoResult result)
    {
        Invoke(target);
        result = default;
        return null;
    }
}
