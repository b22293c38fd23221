namespace OrleansMatrix.Deployment.Tests;

/// <summary>Names of images.</summary>
internal static class Images
{
    /// <summary>An image has a tag that begins with a version's number, which <c>latest</c> does not.</summary>
    public static void CheckPinned(string image)
    {
        var parts = image.Split('/')[^1].Split(':');
        Assert.Equal(2, parts.Length);
        Assert.Matches(@"^[0-9]+\.[0-9]+", parts[1]);
    }
}
