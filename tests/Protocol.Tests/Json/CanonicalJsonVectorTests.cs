using System.Text;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Protocol.Tests.Json;

public class CanonicalJsonVectorTests
{
    public static TheoryData<string, string> Vectors()
    {
        var data = new TheoryData<string, string>();
        foreach (var vector in TestFiles.Json("Vectors", "canonical-json.json").GetProperty("cases").EnumerateArray())
            data.Add(vector.GetProperty("input").GetString()!, vector.GetProperty("canonical").GetString()!);
        return data;
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_specifications_examples_come_out_as_it_says(string input, string canonical)
    {
        var encoded = CanonicalJson.Encode(Encoding.UTF8.GetBytes(input), CanonicalJsonMode.Lenient);
        Assert.Equal(canonical, Encoding.UTF8.GetString(encoded.Value));
    }
}
