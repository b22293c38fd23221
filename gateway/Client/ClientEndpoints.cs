using Microsoft.AspNetCore.Routing;

namespace OrleansMatrix.Gateway.Client;

/// <summary>The client-server API: one class per API file of the specification.</summary>
public static class ClientEndpoints
{
    public static void MapClientEndpoints(this IEndpointRouteBuilder routes)
    {
        AdministrativeContact.Map(routes);
        AppserviceRoomDirectory.Map(routes);
        CrossSigning.Map(routes);
        Directory.Map(routes);
        KeyBackup.Map(routes);
        Keys.Map(routes);
        ListPublicRooms.Map(routes);
        OauthServerMetadata.Map(routes);
        PolicyServer.Map(routes);
        Presence.Map(routes);
        Pusher.Map(routes);
        ReportContent.Map(routes);
        RoomSummary.Map(routes);
        Search.Map(routes);
        SpaceHierarchy.Map(routes);
        Support.Map(routes);
        ThirdPartyLookup.Map(routes);
        ToDevice.Map(routes);
        Users.Map(routes);
        Voip.Map(routes);
        Versions.Map(routes);
    }
}
