namespace OrleansMatrix.Protocol.Tests;

public class JsonSchemaTests
{
    [Theory]
    [InlineData("""{"type":"string"}""", "\"a\"", "1")]
    [InlineData("""{"type":["integer","null"]}""", "null", "1.5")]
    [InlineData("""{"enum":["a"]}""", "\"a\"", "\"b\"")]
    [InlineData("""{"required":["a"]}""", """{"a":1}""", "{}")]
    [InlineData("""{"properties":{"a":{"type":"object"}}}""", """{"a":{}}""", """{"a":1}""")]
    [InlineData("""{"properties":{"a":{}},"additionalProperties":{"type":"string"}}""", """{"a":1,"b":""}""", """{"b":1}""")]
    [InlineData("""{"patternProperties":{"^x":{"type":"string"}}}""", """{"a":1}""", """{"xa":1}""")]
    [InlineData("""{"items":{"type":"string"}}""", """["a"]""", "[1]")]
    [InlineData("""{"pattern":"^@"}""", "\"@a\"", "\"a\"")]
    [InlineData("""{"allOf":[{"type":"string"},{"maxLength":1}]}""", "\"a\"", "\"ab\"")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "1.5", "1")]
    public void The_checker_tells_fitting_values_from_others(string schema, string good, string bad)
    {
        Assert.Empty(JsonSchema.Check(TestFiles.Parse(schema), TestFiles.Parse(good)));
        Assert.NotEmpty(JsonSchema.Check(TestFiles.Parse(schema), TestFiles.Parse(bad)));
    }
}
