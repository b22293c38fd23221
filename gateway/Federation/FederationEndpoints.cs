using Microsoft.AspNetCore.Routing;

namespace OrleansMatrix.Gateway.Federation;

/// <summary>The server-server API: one class per API file of the specification (wellknown.yaml is with the client's).</summary>
public static class FederationEndpoints
{
    public static void MapFederationEndpoints(this IEndpointRouteBuilder routes)
    {
        Backfill.Map(routes);
        ContentRepository.Map(routes);
        EventAuth.Map(routes);
        Events.Map(routes);
        Invites.Map(routes);
        Joins.Map(routes);
        KeysQuery.Map(routes);
        KeysServer.Map(routes);
        Knocks.Map(routes);
        Leaving.Map(routes);
        OpenId.Map(routes);
        PublicRooms.Map(routes);
        Query.Map(routes);
        RoomPolicy.Map(routes);
        SpaceHierarchy.Map(routes);
        ThirdPartyInvite.Map(routes);
        Transactions.Map(routes);
        UserDevices.Map(routes);
        UserKeys.Map(routes);
        Version.Map(routes);
    }
}
