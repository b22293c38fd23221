namespace OrleansMatrix.Protocol.StateResolution;

/// <summary>Walks of the graph of auth events.</summary>
internal static class AuthWalk
{
    /// <summary>
    /// The starts and all that they lead to, down to a generation; each has its parents loaded, also those that are below it.
    /// </summary>
    public static async ValueTask<HashSet<AuthNode>> DownAsync(AuthGraph graph, IEnumerable<AuthNode> starts, int lowest)
    {
        var seen = starts.Where(n => n.Generation >= lowest).ToHashSet();
        for (List<AuthNode> level = [.. seen]; level.Count > 0;)
        {
            await graph.LoadParentsAsync(level);
            var next = new List<AuthNode>();
            foreach (var node in level)
            {
                foreach (var parent in node.Parents!)
                {
                    if (parent.Generation >= lowest && seen.Add(parent))
                        next.Add(parent);
                }
            }

            level = next;
        }

        return seen;
    }
}
