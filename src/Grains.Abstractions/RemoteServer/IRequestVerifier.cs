using OrleansMatrix.Protocol.Errors;

namespace OrleansMatrix.Grains.Abstractions.RemoteServer;

/// <summary>Finds out which server sent a request (S-S API, Request Authentication). No grain, so that bodies are not copied.</summary>
public interface IRequestVerifier
{
    /// <summary>The name of the server that signed the request; M_UNAUTHORIZED if none did rightly.</summary>
    /// <param name="authorization">The Authorization headers.</param>
    /// <param name="target">Path and query as sent.</param>
    /// <param name="body">Empty for none.</param>
    ValueTask<Outcome<string>> VerifyAsync(
        IReadOnlyList<string?> authorization, string method, string target, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}
