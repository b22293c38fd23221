namespace OrleansMatrix.Protocol.Authorization;

/// <summary>Names in the content of <c>m.room.member</c>.</summary>
internal static class MemberContent
{
    public const string AuthorisedVia = "join_authorised_via_users_server";
}
