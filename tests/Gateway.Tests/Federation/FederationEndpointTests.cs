using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using OrleansMatrix.Gateway.Pipeline;

namespace OrleansMatrix.Gateway.Tests.Federation;

public sealed partial class FederationEndpointTests(FederatingServer server) : IClassFixture<FederatingServer>
{
    // Every operation of the specification's server-server API. Not among them: POST /_matrix/policy/v1/sign, which only policy servers have, and
    // GET query/{queryType}, which stands for the two queries named here. The v1 forms of send_join and send_leave are deprecated.
    private static readonly string[] s_operations =
    [
        "GET /.well-known/matrix/server",
        "GET /_matrix/federation/v1/backfill/{}",
        "GET /_matrix/federation/v1/event/{}",
        "GET /_matrix/federation/v1/event_auth/{}/{}",
        "GET /_matrix/federation/v1/hierarchy/{}",
        "GET /_matrix/federation/v1/make_join/{}/{}",
        "GET /_matrix/federation/v1/make_knock/{}/{}",
        "GET /_matrix/federation/v1/make_leave/{}/{}",
        "GET /_matrix/federation/v1/media/download/{}",
        "GET /_matrix/federation/v1/media/thumbnail/{}",
        "GET /_matrix/federation/v1/openid/userinfo",
        "GET /_matrix/federation/v1/publicRooms",
        "GET /_matrix/federation/v1/query/directory",
        "GET /_matrix/federation/v1/query/profile",
        "GET /_matrix/federation/v1/state/{}",
        "GET /_matrix/federation/v1/state_ids/{}",
        "GET /_matrix/federation/v1/timestamp_to_event/{}",
        "GET /_matrix/federation/v1/user/devices/{}",
        "GET /_matrix/federation/v1/version",
        "GET /_matrix/key/v2/query/{}",
        "GET /_matrix/key/v2/server",
        "POST /_matrix/federation/v1/get_missing_events/{}",
        "POST /_matrix/federation/v1/publicRooms",
        "POST /_matrix/federation/v1/user/keys/claim",
        "POST /_matrix/federation/v1/user/keys/query",
        "POST /_matrix/key/v2/query",
        "PUT /_matrix/federation/v1/3pid/onbind",
        "PUT /_matrix/federation/v1/exchange_third_party_invite/{}",
        "PUT /_matrix/federation/v1/invite/{}/{}",
        "PUT /_matrix/federation/v1/send/{}",
        "PUT /_matrix/federation/v1/send_join/{}/{}",
        "PUT /_matrix/federation/v1/send_knock/{}/{}",
        "PUT /_matrix/federation/v1/send_leave/{}/{}",
        "PUT /_matrix/federation/v2/invite/{}/{}",
        "PUT /_matrix/federation/v2/send_join/{}/{}",
        "PUT /_matrix/federation/v2/send_leave/{}/{}",
    ];

    [Fact]
    public void Every_operation_of_the_server_server_api_is_mapped()
    {
        var mapped = server.Services.GetRequiredService<RouteTable>().Endpoints.Select(e => $"{e.Method} {Parameter().Replace(e.Path, "{}")}");
        Assert.Empty(s_operations.Except(mapped));
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
