using Microsoft.AspNetCore.Http;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.RateLimiting;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// The bytes of answers that clients have not read yet, by user or network. Where there is no more room, who has been reading for longest is cut off, so that
/// slow readers do not keep others from being answered.
/// </summary>
/// <param name="total">Bytes of all of them; an owner has a quarter, and one answer whatever its size.</param>
/// <param name="isRateLimited">Whether there is a limit too for what an owner has within some time: about 9 MiB a second, and 128 MiB at once.</param>
/// <param name="time">Times the reading.</param>
public sealed class UnreadAnswers(long total, bool isRateLimited, TimeProvider time)
{
    // A token is as much as is free, see RequestMemory.
    private static readonly Rate s_rate = new(PerSecond: 128, Burst: 2048);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly RateTable? _rates = isRateLimited ? new RateTable(s_rate, time) : null;
    private readonly ShareBudget _budget = ShareBudget.Quarters(total, firstIsFree: true);
    private readonly LinkedList<Unread> _oldestFirst = [];

    /// <summary>Bytes that are held.</summary>
    public long Used => _budget.Used;

    /// <summary>Milliseconds until an owner may have another answer, after more of them than he may have; or 0.</summary>
    public long WaitOf(string owner) => _rates?.Owed(owner) ?? 0;

    /// <summary>Counts an answer until it is disposed; null if there is no room for it.</summary>
    public Unread? TryHold(HttpContext context, string owner, int bytes)
    {
        var lease = _budget.Open(owner);
        if (!lease.TryGrow(bytes))
        {
            CutOff(owner);
            return null;
        }

        _rates?.Charge(owner, bytes / RequestMemory.Free);
        var unread = new Unread(this, context, owner, lease, time.GetTimestamp());
        lock (_oldestFirst)
            _oldestFirst.AddLast(unread.Place);
        return unread;
    }

    // Which of the two budgets had no room is not asked: the owner's own answers go first.
    private void CutOff(string owner)
    {
        Unread? found;
        lock (_oldestFirst)
        {
            var slow = _oldestFirst.TakeWhile(unread => time.GetElapsedTime(unread.Since) > s_patience).ToList();
            found = slow.Find(unread => unread.Owner == owner) ?? slow.FirstOrDefault();
            if (found is not null)
                _oldestFirst.Remove(found.Place);
        }

        found?.Context.Abort();
    }

    private void Remove(Unread unread)
    {
        lock (_oldestFirst)
        {
            if (unread.Place.List is not null)
                _oldestFirst.Remove(unread.Place);
        }
    }

    /// <summary>One of them.</summary>
    public sealed class Unread : IDisposable
    {
        private readonly UnreadAnswers _answers;
        private readonly ShareBudget.Lease _lease;

        internal Unread(UnreadAnswers answers, HttpContext context, string owner, ShareBudget.Lease lease, long since)
        {
            (_answers, Context, Owner, _lease, Since) = (answers, context, owner, lease, since);
            Place = new LinkedListNode<Unread>(this);
        }

        internal HttpContext Context { get; }

        internal string Owner { get; }

        internal long Since { get; }

        internal LinkedListNode<Unread> Place { get; }

        public void Dispose()
        {
            _answers.Remove(this);
            _lease.Dispose();
        }
    }
}
