using Microsoft.AspNetCore.Routing;

namespace OrleansMatrix.Gateway.Client;

/// <summary>The client-server API: one class per API file of the specification.</summary>
public static class ClientEndpoints
{
    public static void MapClientEndpoints(this IEndpointRouteBuilder routes)
    {
        AccountDeactivation.Map(routes);
        Admin.Map(routes);
        AdministrativeContact.Map(routes);
        AppserviceRoomDirectory.Map(routes);
        Capabilities.Map(routes);
        CrossSigning.Map(routes);
        DeviceManagement.Map(routes);
        Directory.Map(routes);
        KeyBackup.Map(routes);
        Keys.Map(routes);
        ListPublicRooms.Map(routes);
        Login.Map(routes);
        LoginToken.Map(routes);
        Logout.Map(routes);
        OauthServerMetadata.Map(routes);
        OpenId.Map(routes);
        PasswordManagement.Map(routes);
        PolicyServer.Map(routes);
        Presence.Map(routes);
        Profile.Map(routes);
        Pusher.Map(routes);
        Refresh.Map(routes);
        Registration.Map(routes);
        RegistrationTokens.Map(routes);
        ReportContent.Map(routes);
        RoomSummary.Map(routes);
        Search.Map(routes);
        SpaceHierarchy.Map(routes);
        Support.Map(routes);
        ThirdPartyLookup.Map(routes);
        ToDevice.Map(routes);
        Users.Map(routes);
        Versions.Map(routes);
        Voip.Map(routes);
        WellKnown.Map(routes);
        WhoAmI.Map(routes);
    }
}
