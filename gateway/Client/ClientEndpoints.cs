using Microsoft.AspNetCore.Routing;

namespace OrleansMatrix.Gateway.Client;

/// <summary>The client-server API: one class per API file of the specification.</summary>
public static class ClientEndpoints
{
    public static void MapClientEndpoints(this IEndpointRouteBuilder routes)
    {
        AccountData.Map(routes);
        AccountDeactivation.Map(routes);
        Admin.Map(routes);
        AdministrativeContact.Map(routes);
        AppserviceRoomDirectory.Map(routes);
        Banning.Map(routes);
        Capabilities.Map(routes);
        CreateRoom.Map(routes);
        CrossSigning.Map(routes);
        DeviceManagement.Map(routes);
        Directory.Map(routes);
        EventContext.Map(routes);
        Filter.Map(routes);
        Inviting.Map(routes);
        Joining.Map(routes);
        KeyBackup.Map(routes);
        Keys.Map(routes);
        Kicking.Map(routes);
        Knocking.Map(routes);
        Leaving.Map(routes);
        ListJoinedRooms.Map(routes);
        ListPublicRooms.Map(routes);
        Login.Map(routes);
        LoginToken.Map(routes);
        Logout.Map(routes);
        MessagePagination.Map(routes);
        MutualRooms.Map(routes);
        Notifications.Map(routes);
        OauthServerMetadata.Map(routes);
        OldSync.Map(routes);
        OpenId.Map(routes);
        PasswordManagement.Map(routes);
        PolicyServer.Map(routes);
        Presence.Map(routes);
        Profile.Map(routes);
        Pusher.Map(routes);
        Pushrules.Map(routes);
        ReadMarkers.Map(routes);
        Receipts.Map(routes);
        Redaction.Map(routes);
        Refresh.Map(routes);
        Registration.Map(routes);
        RegistrationTokens.Map(routes);
        Relations.Map(routes);
        ReportContent.Map(routes);
        RoomEventByTimestamp.Map(routes);
        RoomInitialSync.Map(routes);
        RoomSend.Map(routes);
        RoomState.Map(routes);
        RoomSummary.Map(routes);
        RoomUpgrades.Map(routes);
        Rooms.Map(routes);
        Search.Map(routes);
        SpaceHierarchy.Map(routes);
        Support.Map(routes);
        Sync.Map(routes);
        Tags.Map(routes);
        ThirdPartyLookup.Map(routes);
        ThreadsList.Map(routes);
        ToDevice.Map(routes);
        Typing.Map(routes);
        Users.Map(routes);
        Versions.Map(routes);
        Voip.Map(routes);
        WellKnown.Map(routes);
        WhoAmI.Map(routes);
    }
}
