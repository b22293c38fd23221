using Orleans.Runtime;

namespace Orleans.Embedded;

/// <summary>
/// One activation of a grain: a queue of work that one thread at a time takes from, and the rules by which calls start.
/// It is the synchronization context of the code it runs, so that every await comes back to its queue. Fields without
/// a lock belong to the thread that runs the turn; lists that the call clock reads too are changed under a lock.
/// </summary>
internal sealed partial class Activation : SynchronizationContext, IThreadPoolWorkItem, IGrainContext
{
    private const int MaxRounds = 16;

    // Ends the inbox while the activation is on its way through the thread pool; null: it is idle.
    private static readonly WorkItem Scheduled = new ActionItem(static _ => { });

    // The context of a thread pool thread on which nothing has set any value: one object for the process.
    private static ExecutionContext? _cleanContext;

    public readonly HostedClass Hosted;
    public readonly string Key;
    public readonly int Hash;
    public Activation? NextInBucket;

    private WorkItem? _inbox;
    private object? _instance;
    private ActivationExtras? _extras;
    private Invocation? _blocking;
    private Invocation? _running;
    private Invocation? _waitingHead;
    private Invocation? _waitingTail;
    private int _runningCount;
    private int _lastUsed;
    private ActivationState _state;
    private volatile bool _watched;
    private bool _used;
    private bool _pumpNeeded;
    private bool _readOnlyWaiting;

    public Activation(HostedClass hosted, string key, int hash, object? instance = null)
    {
        Hosted = hosted;
        Key = key;
        Hash = hash;
        _instance = instance;
        _used = true;
        if (instance is not null)
            _state = ActivationState.Active;
    }

    public static new Activation? Current => SynchronizationContext.Current as Activation;

    public Silo Silo => Hosted.Silo;

    public GrainClass Class => Hosted.Class;

    public IGrainRuntime Runtime => Silo;

    public GrainId GrainId => new(Class.GrainType, IdSpan.Create(Key));

    public GrainReference GrainReference => Silo.References.CreateUntyped(GrainId);

    public object? GrainInstance => _instance;

    public IServiceProvider ActivationServices => Extras.ScopeOf(Silo.Services).ServiceProvider;

    public bool IsGone => _state == ActivationState.Gone;

    public bool IsActive => _state == ActivationState.Active;

    /// <summary>Whether it is on its way into or out of being active.</summary>
    public bool IsChanging => _state is ActivationState.Activating or ActivationState.Deactivating or ActivationState.Ending;

    public bool IsIdle => Volatile.Read(ref _inbox) is null && _runningCount == 0 && _waitingHead is null;

    /// <summary>Whether the silo's call clock looks after the calls of this activation.</summary>
    public bool IsWatched
    {
        get => _watched;
        set => _watched = value;
    }

    private ActivationExtras Extras
    {
        get
        {
            if (_extras is null)
                Interlocked.CompareExchange(ref _extras, new ActivationExtras(), null);
            return _extras;
        }
    }

    public static SiloUnavailableException SiloDied(Invocation call) =>
        new($"The silo that ran {call.Target?.GrainId} died before it answered {call.CalledMethod}.");

    /// <summary>Sends a call to this activation; it may take so many ticks of the call clock, or, with 0, any time.</summary>
    public void Accept(Invocation call, int ticks)
    {
        call.Target = this;
        call.Deadline = Silo.Clock.DeadlineAfter(ticks);
        Enqueue(call);
        // After the item is in the queue: the clock looks at the queue after it has taken its mark off.
        if (!_watched)
            Silo.Clock.Watch(this);
    }

    public void Enqueue(WorkItem item)
    {
        var head = Volatile.Read(ref _inbox);
        while (true)
        {
            item.Next = head;
            var seen = Interlocked.CompareExchange(ref _inbox, item, head);
            if (seen == head)
                break;
            head = seen;
        }
        if (head is null)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    void IThreadPoolWorkItem.Execute()
    {
        SetSynchronizationContext(this);
        _cleanContext ??= ExecutionContext.Capture();
        for (var round = 0; ; round++)
        {
            RunBatch(TakeInbox());
            if (Interlocked.CompareExchange(ref _inbox, null, Scheduled) == Scheduled)
                break;
            if (round == MaxRounds)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                break;
            }
        }
        SetSynchronizationContext(null);
    }

    public override void Post(SendOrPostCallback d, object? state) => Enqueue(new Continuation(d, state));

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (Current != this)
            throw new NotSupportedException("Nothing waits for a turn of a grain.");
        d(state);
    }

    public override SynchronizationContext CreateCopy() => this;

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => Hash;

    public override string ToString() => GrainId.ToString();

    private static void CleanContext()
    {
        if (ExecutionContext.Capture() != _cleanContext)
            ExecutionContext.Restore(_cleanContext!);
    }

    private WorkItem? TakeInbox()
    {
        var item = Interlocked.Exchange(ref _inbox, Scheduled);
        WorkItem? first = null;
        while (item is not null && item != Scheduled)
        {
            var older = item.Next;
            item.Next = first;
            first = item;
            item = older;
        }
        return first;
    }

    private void RunBatch(WorkItem? item)
    {
        while (item is not null)
        {
            var next = item.Next;
            item.Next = null;
            try
            {
                if (Silo.IsDead)
                    item.Drop();
                else
                    item.Execute(this);
                if (_pumpNeeded)
                    Pump();
            }
            catch (Exception exception)
            {
                Log.TurnFailed(Silo.Logger, exception, GrainId);
            }
            CleanContext();
            item = next;
        }
    }
}
