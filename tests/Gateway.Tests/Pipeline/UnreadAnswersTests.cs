using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.TestSupport;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

public sealed class UnreadAnswersTests
{
    private const int MiB = 1024 * 1024;
    private readonly TestClock _clock = new();

    [Fact]
    public void Who_reads_slowly_is_cut_off_where_there_is_no_room_for_others()
    {
        var answers = new UnreadAnswers(4 * MiB, isRateLimited: false, _clock);
        var readers = Enumerable.Range(0, 4).Select(_ => Context()).ToList();
        var held = readers.Select((context, i) => answers.TryHold(context, "@" + i, MiB)!).ToList();
        Assert.All(held, Assert.NotNull);

        // Not at once: they may be reading.
        Assert.Null(answers.TryHold(Context(), "@new", MiB));
        Assert.DoesNotContain(readers, IsAborted);

        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(answers.TryHold(Context(), "@new", MiB));
        Assert.Equal([readers[0]], readers.Where(IsAborted));
        held[0].Dispose();
        Assert.NotNull(answers.TryHold(Context(), "@new", MiB));
    }

    [Fact]
    public void Who_reads_several_slowly_loses_his_own()
    {
        var answers = new UnreadAnswers(8 * MiB, isRateLimited: false, _clock);
        var (other, own) = (Context(), Context());
        using var first = answers.TryHold(other, "@a", MiB);
        using var second = answers.TryHold(own, "@b", 2 * MiB);
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Null(answers.TryHold(Context(), "@b", MiB));
        Assert.True(IsAborted(own));
        Assert.False(IsAborted(other));
    }

    [Fact]
    public void One_answer_is_given_whatever_its_size()
    {
        var answers = new UnreadAnswers(4 * MiB, isRateLimited: false, _clock);
        using (Assert.IsType<UnreadAnswers.Unread>(answers.TryHold(Context(), "@a", 100 * MiB)))
            Assert.Equal(100 * MiB, answers.Used);
        Assert.Equal(0, answers.Used);
    }

    [Fact]
    public void Who_had_much_waits_until_it_is_paid_for()
    {
        var answers = new UnreadAnswers(4 * MiB, isRateLimited: true, _clock);
        answers.TryHold(Context(), "@a", 200 * MiB)!.Dispose();
        var wait = answers.WaitOf("@a");
        Assert.InRange(wait, 5_000, 10_000);
        Assert.Equal(0, answers.WaitOf("@b"));
        _clock.Advance(TimeSpan.FromMilliseconds(wait));
        Assert.Equal(0, answers.WaitOf("@a"));
    }

    private static DefaultHttpContext Context()
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpRequestLifetimeFeature>(new Lifetime());
        return context;
    }

    private static bool IsAborted(HttpContext context) => context.RequestAborted.IsCancellationRequested;

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public CancellationToken RequestAborted { get; set; }

        public void Abort() => RequestAborted = new CancellationToken(canceled: true);
    }
}
