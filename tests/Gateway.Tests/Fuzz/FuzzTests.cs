using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Tests.Fuzz;

/// <summary>Bad input never makes a 500: seeded requests against every endpoint that is mapped.</summary>
public sealed class FuzzTests
{
    private const int Seed = 20261122;
    private const int RequestsPerEndpoint = 25;
    private const int AtOnce = 4;

    [Fact]
    public async Task No_request_to_any_endpoint_is_answered_with_an_internal_error()
    {
        await using var server = await TestServer.StartAsync("Registration:SharedSecret=key");
        var endpoints = server.App.Services.GetRequiredService<RouteTable>().Endpoints;
        Assert.True(endpoints.Count > 40);
        var faults = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(
            endpoints.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (item, _) => await FuzzAsync(server, item.Item, item.Index, faults));
        Assert.True(faults.IsEmpty, string.Join('\n', faults.Order().Take(50)));
    }

    private static async Task FuzzAsync(TestServer server, MatrixEndpoint endpoint, int index, ConcurrentBag<string> faults)
    {
        // A user of its own: some endpoints log out or deactivate.
        var user = await server.RegisterAsync("fuzz" + index);
        var room = await server.PostAsync("/_matrix/client/v3/createRoom", "{}", user.Token);
        var requests = new RandomRequest(new Random(Seed + index), user, room.Status == 200 ? room.Text("room_id") : "!room:localhost");
        for (var i = 0; i < RequestsPerEndpoint; i++)
        {
            using var request = requests.Next(endpoint, server.Http.BaseAddress!);
            var sent = $"{request.Method} {request.RequestUri!.OriginalString} {(request.Content is null ? "" : Encoding.UTF8.GetString(await request.Content.ReadAsByteArrayAsync()))}";
            using var response = await server.Http.SendAsync(request);
            var answer = await HttpAnswer.ReadAsync(response);
            if (answer.Status == 500 || (answer.Status > 500 && answer.ErrCode != "M_NOT_YET_UPLOADED"))
                faults.Add($"{endpoint.Method} {endpoint.Path}: {answer.Status} to {sent}");
            else if (answer.Status >= 400 && answer.ContentType == "application/json" && answer.ErrCode is null &&
                !answer.Json.TryGetProperty("flows", out var _))
                faults.Add($"{endpoint.Method} {endpoint.Path}: {answer.Status} without errcode to {sent}");
        }
    }
}
