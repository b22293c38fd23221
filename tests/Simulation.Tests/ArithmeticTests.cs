namespace OrleansMatrix.Simulation.Tests;

public sealed class ArithmeticTests
{
    [Fact]
    public void A_percentile_is_the_nearest_rank()
    {
        var values = new Percentiles();
        Assert.True(double.IsNaN(values.At(50)));
        foreach (var value in (double[])[15, 50, 20, 40, 35])
            values.Add(value);
        Assert.Equal((15, 20, 35, 50), (values.At(5), values.At(40), values.At(50), values.At(100)));
    }

    [Fact]
    public void What_is_planned_for_one_time_happens_in_the_order_of_planning()
    {
        var clock = new EventClock();
        var order = "";
        clock.After(2, () => order += "c");
        clock.After(1, () => clock.After(1, () => order += "d"));
        clock.After(1, () => order += "a");
        clock.After(1, () => order += "b");
        clock.After(3, () => order += "never");
        clock.RunUntil(2.5);
        Assert.Equal(("abcd", 2.0), (order, clock.Now));
    }

    [Fact]
    public void The_feed_costs_each_silo_a_notification_of_each_commit_with_a_line_for_each_change()
    {
        // The end of a line, a digit, a space, the key.
        Assert.Equal(1 + 1 + 1 + 44, ChangeFeed.LineBytes(44));

        // A, length, process; "matrix_changes" and "123", each with a zero.
        Assert.Equal(1 + 4 + 4 + 15 + 4, ChangeFeed.NotificationBytes(123));
        var (perSilo, database) = ChangeFeed.BytesPerSecond(4, changes: 1_000, groups: 10, keyLength: 44, head: 123);
        Assert.Equal(1_000 * 47 + 10 * 28, perSilo);
        Assert.Equal(4 * perSilo, database);
    }

    [Fact]
    public void A_message_reaches_the_last_member_when_all_before_have_been_woken()
    {
        var (delay, load) = new HotRoom(Online: 1_000, MessagesPerSecond: 1, Cores: 10, WakeMilliseconds: 0.5).Run([0.0], seconds: 1);
        Assert.Equal((0.5, 25, 50), (delay.At(0), delay.At(50), delay.At(100)));
        Assert.Equal(0.05, load, 1e-9);
    }

    [Fact]
    public void Messages_that_come_while_a_member_is_away_are_told_together()
    {
        // Answered at 1 ms, back at 101 ms, when the second and third are there.
        var (delay, load) = new HotRoom(Online: 1, MessagesPerSecond: 1, Cores: 1, WakeMilliseconds: 1).Run([0.0, 50, 60], seconds: 1);
        Assert.Equal((3, 1, 42, 52), (delay.Count, delay.At(1), delay.At(50), delay.At(100)));
        Assert.Equal(0.002, load, 1e-9);
    }

    [Theory]
    [InlineData(Overload.WorkAll)]
    [InlineData(Overload.Refuse)]
    public void A_storm_that_the_processors_can_do_takes_its_work(Overload overload)
    {
        var (answered, wasted, tries) = new ReconnectStorm(10_000, 0, 0, 1, 100, Cores: 10, overload).Run();
        Assert.Equal((10_000, 1, 0, 1), (answered.Count, answered.At(100), wasted, tries));
    }

    [Fact]
    public void Work_for_clients_that_have_given_up_is_for_nobody_and_refusing_saves_it()
    {
        // A thousand seconds of work for one processor, whose clients wait for one.
        var storm = new ReconnectStorm(10_000, 0, 1, 1, 100, Cores: 1, Overload.WorkAll) { Client = (60_000, 1_000, 60_000) };
        var (answered, wasted, _) = storm.Run();
        Assert.InRange(answered.Count, 600, 9_000);
        Assert.True(wasted > 0.5);
        (answered, wasted, _) = (storm with { Overload = Overload.Refuse }).Run();
        Assert.Equal(10_000, answered.Count);
        Assert.True(wasted < 0.05);
    }
}
