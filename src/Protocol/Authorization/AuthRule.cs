namespace OrleansMatrix.Protocol.Authorization;

/// <summary>
/// Each step of the authorisation rules of the room versions, named by what it decides; <see cref="AuthRuleNumbers"/> gives the number
/// that a step has in a room version.
/// </summary>
public enum AuthRule
{
    CreateHasPrevEvents,
    CreateRoomIdDomain,
    CreateHasRoomId,
    CreateUnknownVersion,
    CreateWithoutCreator,
    CreateAdditionalCreators,
    CreateAllowed,

    RoomIdIsNotCreate,

    AuthEventsDuplicate,
    AuthEventsUnexpected,
    AuthEventsRejected,
    AuthEventsWithoutCreate,
    AuthEventsOtherRoom,

    NotFederated,

    AliasesWithoutStateKey,
    AliasesDomain,
    AliasesAllowed,

    MemberMalformed,
    MemberNotSignedByAuthoriser,

    JoinOfCreator,
    JoinForAnother,
    JoinWhileBanned,
    JoinInvited,
    JoinRestrictedMember,
    JoinRestrictedAuthoriser,
    JoinRestrictedAllowed,
    JoinPublic,
    JoinDenied,

    ThirdPartyTargetBanned,
    ThirdPartyWithoutSigned,
    ThirdPartyMalformed,
    ThirdPartyOtherUser,
    ThirdPartyUnknownToken,
    ThirdPartyOtherSender,
    ThirdPartySigned,
    ThirdPartyDenied,
    InviteSenderNotJoined,
    InviteTargetJoinedOrBanned,
    InviteAllowed,
    InviteDenied,

    LeaveOwn,
    LeaveSenderNotJoined,
    LeaveUnban,
    LeaveKick,
    LeaveDenied,

    BanSenderNotJoined,
    BanAllowed,
    BanDenied,

    KnockJoinRule,
    KnockForAnother,
    KnockAllowed,
    KnockDenied,

    MembershipUnknown,

    SenderNotJoined,
    ThirdPartyInviteLevel,
    RequiredLevel,
    StateKeyOfAnother,

    PowerLevelsNumbers,
    PowerLevelsMaps,
    PowerLevelsUsers,
    PowerLevelsNameCreator,
    PowerLevelsFirst,
    PowerLevelsAlteredFromAbove,
    PowerLevelsAlteredToAbove,
    PowerLevelsEventFromAbove,
    PowerLevelsEventToAbove,
    PowerLevelsUserFromAbove,
    PowerLevelsUserToAbove,
    PowerLevelsAllowed,

    RedactionLevel,
    RedactionSameDomain,
    RedactionDenied,

    Allowed,
}
