using System.Text;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Signing;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>
/// Another server lies in each place of its list of keys (<c>/_matrix/key/v2/server</c>), or a notary in its answer (<c>/_matrix/key/v2/query</c>), and signs
/// the lie where it can. What is wrong is an outcome, and never are there keys of anybody else.
/// </summary>
public sealed class HostileKeysTests
{
    private const long Now = 1_800_000_000_000;
    private static readonly ServerName s_server = ServerName.Parse("evil.test");
    private static readonly SigningKey s_key = SigningKey.FromSeed("1", Enumerable.Repeat((byte)5, 32).ToArray());

    private static byte[] Honest => ServerKeys.Build(s_server, [s_key], [], Now + 1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lie_in_a_list_of_keys_gives_no_keys_of_others(bool isSigned)
    {
        var honest = Encoding.UTF8.GetString(Honest);
        Assert.True(ServerKeys.Parse(Honest, Now).Ok);
        for (var i = 0; i < Lies.CountIn(honest); i++)
        {
            var lie = Encoding.UTF8.GetBytes(Lies.Tell(honest, i));
            if (isSigned && SignedJson.Sign(lie, s_server.Value, s_key, CanonicalJsonMode.Lenient).TryGet(out var signed, out _))
                lie = signed;
            if (ServerKeys.Parse(lie, Now).TryGet(out var keys, out var error))
                Assert.Equal(s_server, keys.ServerName);
            else
                Assert.NotEmpty(error.Message);
            Check($$"""{"server_keys":[{{Encoding.UTF8.GetString(lie)}}]}""");
        }
    }

    [Fact]
    public void A_lie_in_a_notarys_answer_gives_no_keys_of_others()
    {
        var honest = Encoding.UTF8.GetString(ServerKeys.BuildNotaryResponse([Honest], s_server, s_key));
        Assert.Equal(1, Check(honest));
        for (var i = 0; i < Lies.CountIn(honest); i++)
            Check(Lies.Tell(honest, i));
    }

    private static int Check(string answer)
    {
        if (!ServerKeys.ParseNotaryResponse(
            Encoding.UTF8.GetBytes(answer), s_server.Value, id => id == s_key.KeyId ? s_key.VerifyKey : null, Now).TryGet(out var lists, out _))
            return 0;
        Assert.All(lists, list => Assert.Equal(s_server, list.ServerName));
        return lists.Length;
    }
}
