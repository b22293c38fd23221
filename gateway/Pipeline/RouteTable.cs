using System.Runtime.InteropServices;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary>
/// Finds the endpoint of a request: a tree of path segments. Of two paths that fit, the one with the earlier literal segment wins, if it has the method.
/// (ASP.NET's routing builds its tables with the first request, which for all of Matrix takes a good part of a start, and fills in route values that nobody
/// reads.)
/// </summary>
public sealed class RouteTable
{
    private readonly Node _root = new();
    private readonly List<MatrixEndpoint> _endpoints = [];

    /// <summary>All endpoints, in the order in which they were mapped.</summary>
    public IReadOnlyList<MatrixEndpoint> Endpoints => _endpoints;

    /// <summary>
    /// Maps an endpoint; its last segment may be an optional parameter, and a slash at its end does not count. Before the server starts only.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is one with this method and path.</exception>
    public void Add(MatrixEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        _endpoints.Add(endpoint);
        var node = _root;
        foreach (var segment in endpoint.Path.Trim('/').Split('/'))
        {
            if (segment.EndsWith("?}", StringComparison.Ordinal))
                node.Put(endpoint);
            node = segment.StartsWith('{')
                ? node.Parameter ??= new Node()
                : CollectionsMarshal.GetValueRefOrAddDefault(node.Literals ??= new(StringComparer.Ordinal), segment, out _) ??= new Node();
        }

        node.Put(endpoint);
    }

    /// <summary>The endpoint of a decoded path; null if there is none, with the methods that the path does have. One slash at the end does not count.</summary>
    public MatrixEndpoint? Find(string method, string path, out IReadOnlyCollection<string> allowed)
    {
        ArgumentNullException.ThrowIfNull(path);
        HashSet<string>? others = null;
        var rest = path.AsSpan();
        if (rest.StartsWith('/'))
            rest = rest[1..];
        if (rest.EndsWith('/'))
            rest = rest[..^1];
        var found = Find(_root, method, rest, isEnd: false, ref others);
        allowed = others is null ? [] : others;
        return found;
    }

    private static MatrixEndpoint? Find(Node node, string method, ReadOnlySpan<char> rest, bool isEnd, ref HashSet<string>? others)
    {
        if (isEnd)
        {
            if (node.Methods is not { } methods)
                return null;
            if (methods.TryGetValue(method, out var endpoint))
                return endpoint;
            (others ??= []).UnionWith(methods.Keys);
            return null;
        }

        var slash = rest.IndexOf('/');
        var segment = slash < 0 ? rest : rest[..slash];
        var after = slash < 0 ? default : rest[(slash + 1)..];
        if (node.Literals is { } literals && literals.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(segment, out var next) &&
            Find(next, method, after, slash < 0, ref others) is { } literal)
            return literal;
        return node.Parameter is { } parameter && segment.Length > 0 ? Find(parameter, method, after, slash < 0, ref others) : null;
    }

    private sealed class Node
    {
        public Dictionary<string, Node>? Literals;
        public Node? Parameter;

        public Dictionary<string, MatrixEndpoint>? Methods { get; private set; }

        public void Put(MatrixEndpoint endpoint)
        {
            if (!(Methods ??= new(StringComparer.Ordinal)).TryAdd(endpoint.Method, endpoint))
                throw new InvalidOperationException($"{endpoint.Method} {endpoint.Path} is mapped twice");
        }
    }
}
