using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime.Messaging;
using OrleansMatrix.Gateway.Pipeline;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Gateway.Tests.Pipeline;

/// <summary>Faults of the cluster end in another try where the request may be repeated, and else in 503, never in 500.</summary>
public sealed class ClusterFaultTests(ClusterFaultTests.Server server) : IClassFixture<ClusterFaultTests.Server>
{
    private readonly SkippingClock _clock = new();
    private readonly List<string> _bodies = [];
    private readonly string _path = $"/_matrix/client/v3/org.example.{Guid.NewGuid():N}";

    public static TheoryData<string> Faults =>
        ["SiloUnavailable", "Rejected", "ConnectionFailed", "GatewayTooBusy", "LimitExceeded", "ClientNotAvailable", "LifecycleCanceled", "Canceled"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_request_that_may_be_repeated_is_run_again_with_its_body(string fault)
    {
        Map("PUT", failures: 3, FaultOf(fault));
        var answer = await AnswerAsync("PUT", """{"n":1}""");
        Assert.Equal((200, 4), (answer.Status, _bodies.Count));
        Assert.All(_bodies, static body => Assert.Equal("""{"n":1}""", body));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_post_is_not_run_again(string fault)
    {
        Map("POST", failures: 1, FaultOf(fault));
        AssertUnavailable(await AnswerAsync("POST", "{}"));
        Assert.Single(_bodies);
    }

    [Theory]
    [InlineData("GET", null)]
    [InlineData("PUT", "{}")]
    [InlineData("DELETE", null)]
    public async Task The_tries_come_to_an_end(string method, string? body)
    {
        var started = _clock.GetUtcNow();
        Map(method, failures: int.MaxValue, FaultOf("SiloUnavailable"));
        AssertUnavailable(await AnswerAsync(method, body));
        Assert.Equal(8, _bodies.Count);
        Assert.Equal(TimeSpan.FromSeconds(6.3), _clock.GetUtcNow() - started);
    }

    /// <summary>Two silos that do not see each other may take a room from each other for as long as both live; the grain has tried again itself.</summary>
    [Fact]
    public async Task What_two_silos_take_from_each_other_is_not_available()
    {
        Map("PUT", failures: 1, new StaleFenceException("room:!room:localhost"));
        AssertUnavailable(await AnswerAsync("PUT", "{}"));
    }

    [Fact]
    public async Task A_call_that_took_too_long_is_not_run_again()
    {
        Map("PUT", failures: 1, new TimeoutException());
        AssertUnavailable(await AnswerAsync("PUT", "{}"));
        Assert.Single(_bodies);
    }

    [Fact]
    public async Task A_body_that_the_handler_read_piece_by_piece_is_not_read_again()
    {
        Map("PUT", failures: 1, FaultOf("SiloUnavailable"), async request =>
        {
            using var reader = new StreamReader(request.Http.Request.Body);
            return await reader.ReadToEndAsync();
        });
        AssertUnavailable(await AnswerAsync("PUT", "content"));
        Assert.Equal(["content"], _bodies);
    }

    [Fact]
    public async Task A_fault_of_the_servers_own_is_one()
    {
        Map("PUT", failures: 1, new InvalidOperationException());
        (await AnswerAsync("PUT", "{}")).AssertError(500, "M_UNKNOWN");
        Assert.Single(_bodies);
    }

    private static void AssertUnavailable(HttpAnswer answer)
    {
        answer.AssertError(503, "M_UNKNOWN");
        Assert.Equal("1", answer.Headers["Retry-After"]);
    }

    private static Exception FaultOf(string name) => name switch
    {
        "SiloUnavailable" => new SiloUnavailableException(),
        "Rejected" => Made<OrleansMessageRejectionException>(),
        "ConnectionFailed" => new ConnectionFailedException(),
        "GatewayTooBusy" => new GatewayTooBusyException(),
        "LimitExceeded" => new LimitExceededException("full"),
        "ClientNotAvailable" => Made<ClientNotAvailableException>(),
        "LifecycleCanceled" => Made<OrleansLifecycleCanceledException>(),
        _ => new TaskCanceledException(),
    };

    // Orleans alone can make these.
    private static T Made<T>()
        where T : Exception => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));

    /// <summary>Maps an endpoint that fails as often.</summary>
    private void Map(string method, int failures, Exception fault, Func<MatrixRequest, Task<string>>? read = null)
    {
        read ??= static async request => System.Text.Encoding.UTF8.GetString((await request.ReadBodyAsync()).Value.Span);
        var services = server.Services;
        services.GetRequiredService<RouteTable>().Add(new MatrixEndpoint(method, _path, async request =>
        {
            _bodies.Add(await read(request));
            return _bodies.Count <= failures ? throw fault : MatrixResponse.Empty;
        }, EndpointOptions.Anonymous, services.GetRequiredService<GatewayServices>() with { Time = _clock }));
    }

    private Task<HttpAnswer> AnswerAsync(string method, string? body) => server.SendAsync(method, _path, body);

    /// <summary>Whoever waits has waited already.</summary>
    private sealed class SkippingClock : FakeTimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Advance(dueTime);
            return timer;
        }
    }

    /// <summary>One server for all of them.</summary>
    public sealed class Server : IAsyncLifetime
    {
        private TestServer _server = null!;

        public IServiceProvider Services => _server.App.Services;

        public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

        public ValueTask DisposeAsync() => _server.DisposeAsync();

        public Task<HttpAnswer> SendAsync(string method, string path, string? body) => _server.SendAsync(method, path, body);
    }
}
