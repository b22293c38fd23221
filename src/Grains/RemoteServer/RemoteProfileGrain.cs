using System.Text.Json;
using Orleans.Concurrency;
using OrleansMatrix.Grains.Abstractions.RemoteServer;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Protocol.Json;

namespace OrleansMatrix.Grains.RemoteServer;

/// <inheritdoc cref="IRemoteProfileGrain"/>
[Reentrant]
[GrainType("remoteprofile")]
public sealed class RemoteProfileGrain(RemoteServerServices services) : Grain, IRemoteProfileGrain
{
    /// <summary>C-S API, Profiles: a profile is at most 64 KiB.</summary>
    private const int MaxBytes = 64 * 1024;
    private const long KeptMs = 5 * 60_000;
    private const long ErrorKeptMs = 60_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private Task<Outcome<ReadOnlyMemory<byte>>>? _profile;
    private long _until;

    public async Task<Outcome<ReadOnlyMemory<byte>>> Get(string? field)
    {
        if (_profile is null || (_profile.IsCompleted && services.Now >= _until))
            _profile = AskAsync();
        var profile = await _profile;
        if (!profile.Ok || field is null)
            return profile;
        using var document = JsonText.Parse(profile.Value);
        if (!document.RootElement.TryGetProperty(field, out var value))
            return MatrixError.NotFound("No such profile field");
        return JsonBytes.Object(writer =>
        {
            writer.WritePropertyName(field);
            value.WriteTo(writer);
        });
    }

    private async Task<Outcome<ReadOnlyMemory<byte>>> AskAsync()
    {
        var userId = this.GetPrimaryKeyString();
        if (!UserId.TryParse(userId, out var user))
            return MatrixError.InvalidParam("Not a user ID");
        var asked = await services.Api.GetAsync(
            user.Domain.ToString(), $"/_matrix/federation/v1/query/profile?user_id={Uri.EscapeDataString(userId)}", MaxBytes, s_patience);

        // That a caller asks too much is nothing that others are to hear.
        _until = services.Now + (asked.Ok ? KeptMs : CallerQueries.IsRefusal(asked.Error) ? 0 : ErrorKeptMs);
        if (!asked.TryGet(out var document, out var error))
            return error;
        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? JsonBytes.Raw(document.RootElement)
                : MatrixError.Unknown("The user's server gave no profile", 502);
        }
    }
}
