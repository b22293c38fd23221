namespace OrleansMatrix.Simulation.Tests;

public sealed class CommitSimulationTests
{
    private const double Tolerance = 1e-6;

    [Theory]
    [InlineData(CommitWay.HeldThroughSync, 2 * 1 + 0.22 + 2)]
    [InlineData(CommitWay.GivenBackBefore, 2 * 1 + 0.22 + 2)]
    [InlineData(CommitWay.OneRoundTrip, 1 + 0.22 + 2)]
    [InlineData(CommitWay.OwnPositions, 1 + 0.22 + 2)]
    public void One_writer_waits_for_its_round_trips_its_unit_and_one_sync(CommitWay way, double expected)
    {
        var result = CommitSimulation.Run(new CommitModel(way, 1, 1) { Think = 0 }, 1_000);
        Assert.Equal(expected, result.Latency.At(0), Tolerance);
        Assert.Equal(expected, result.Latency.At(100), Tolerance);
    }

    [Theory]
    [InlineData(CommitWay.HeldThroughSync, 1 + 0.22 + 2)]
    [InlineData(CommitWay.GivenBackBefore, 1 + 0.22)]
    public void Under_one_counter_groups_follow_each_other_at_the_time_that_it_is_held_and_wait_for_all_silos(CommitWay way, double held)
    {
        var result = CommitSimulation.Run(new CommitModel(way, 8, 1) { Think = 0 }, 10_000);
        Assert.Equal(1000 / held, result.GroupsPerSecond, 1000 / held / 100);

        // A silo comes again to the end of the queue; where the sync is shared, it may wait for one that it does not need.
        Assert.InRange(result.Latency.At(50), 8 * held - Tolerance, 8 * held + 2);
    }

    [Fact]
    public void With_positions_of_their_own_silos_share_a_sync()
    {
        // A silo is back 1.22 ms after its sync, within the next one, and is made durable by the one after that.
        var result = CommitSimulation.Run(new CommitModel(CommitWay.OwnPositions, 8, 1) { Think = 0 }, 10_000);
        Assert.Equal(2 * 2, result.Latency.At(50), Tolerance);
        Assert.Equal(8 * 1000 / 4.0, result.GroupsPerSecond, 8 * 1000 / 4.0 / 100);
    }

    [Fact]
    public void A_group_takes_what_waits_and_no_more_than_a_group_may_have()
    {
        var result = CommitSimulation.Run(new CommitModel(CommitWay.HeldThroughSync, 1, 2 * CommitModel.MostUnits) { Think = 0 }, 2_000);
        Assert.Equal(CommitModel.MostUnits, result.PerSecond / result.GroupsPerSecond, 1.0);
    }

    [Fact]
    public void The_same_seed_gives_the_same_figures()
    {
        var model = new CommitModel(CommitWay.HeldThroughSync, 3, 16);
        var (first, again) = (CommitSimulation.Run(model, 2_000, seed: 7), CommitSimulation.Run(model, 2_000, seed: 7));
        Assert.Equal((first.PerSecond, first.Latency.At(99)), (again.PerSecond, again.Latency.At(99)));
    }
}
