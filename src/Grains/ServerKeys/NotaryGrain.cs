using Orleans.Concurrency;
using OrleansMatrix.Federation.Http;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;
using Keys = OrleansMatrix.Protocol.Signing.ServerKeys;

namespace OrleansMatrix.Grains.ServerKeys;

/// <inheritdoc cref="INotaryGrain"/>
[Reentrant]
[GrainType("notary")]
public sealed class NotaryGrain(FederationClient client, TimeProvider time) : Grain, INotaryGrain
{
    private const int MaxServers = 100;
    private const int MaxBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    private readonly Backoff _backoff = new(time);
    private readonly List<Question> _waiting = [];
    private bool _asking;

    private string Notary => this.GetPrimaryKeyString();

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public Task<ReadOnlyMemory<byte>> Query(string server, string? keyId, long validUntil)
    {
        var question = new Question(server, keyId, validUntil);
        _waiting.Add(question);
        if (!_asking)
            _ = AskAllAsync();
        return question.Answer.Task;
    }

    // What comes while a request is under way goes out with the next one.
    private async Task AskAllAsync()
    {
        _asking = true;
        try
        {
            while (_waiting.Count > 0)
            {
                List<Question> batch = [.. _waiting.Take(MaxServers)];
                _waiting.RemoveRange(0, batch.Count);
                IReadOnlyDictionary<string, ReadOnlyMemory<byte>> found;
                try
                {
                    found = _backoff.IsOver ? await AskAsync(batch) : new Dictionary<string, ReadOnlyMemory<byte>>();
                }
                catch (Exception fault)
                {
                    batch.ForEach(q => q.Answer.TrySetException(fault));
                    continue;
                }

                batch.ForEach(q => q.Answer.TrySetResult(found.GetValueOrDefault(q.Server)));
            }
        }
        finally
        {
            _asking = false;
        }
    }

    private async Task<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> AskAsync(List<Question> questions)
    {
        var found = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        var own = await GrainFactory.GetGrain<IServerKeysGrain>(Notary).Published(null, Now);
        if (own.IsEmpty || !Keys.Parse(own.Span, Now).TryGet(out var notaryKeys, out _) || !ServerName.TryParse(Notary, out var name))
            return found;
        try
        {
            var answer = await client.SendAsync(name, HttpMethod.Post, "/_matrix/key/v2/query", Body(questions), s_patience, MaxBytes, sign: false);
            if (!answer.IsSuccess ||
                !Keys.ParseNotaryResponse(
                    JsonParts.Readable(answer.Body, 1, out _).Span, Notary, id => notaryKeys.Keys.GetValueOrDefault(id) is { IsOld: false } key ? key.Key : null, Now)
                .TryGet(out var lists, out _))
            {
                _backoff.Failed();
                return found;
            }

            _backoff.Reset();

            // Of several lists of a server the one that is valid for longest.
            foreach (var list in lists.OrderBy(l => l.ValidUntilTs))
                found[list.ServerName.Value] = list.Json;
        }
        catch (ServerUnreachableException)
        {
            _backoff.Failed();
        }

        return found;
    }

    private static ReadOnlyMemory<byte> Body(List<Question> questions) => JsonBytes.Object(writer =>
    {
        writer.WriteStartObject("server_keys"u8);
        foreach (var server in questions.GroupBy(q => q.Server, StringComparer.Ordinal))
        {
            writer.WriteStartObject(server.Key);
            foreach (var key in server.Where(q => q.KeyId is not null).GroupBy(q => q.KeyId!, StringComparer.Ordinal))
            {
                writer.WriteStartObject(key.Key);
                writer.WriteNumber("minimum_valid_until_ts"u8, key.Max(q => q.ValidUntil));
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    });

    private sealed record Question(string Server, string? KeyId, long ValidUntil)
    {
        public TaskCompletionSource<ReadOnlyMemory<byte>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
