using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansMatrix.Silo.Keys;

namespace OrleansMatrix.Silo.Commands;

/// <summary><c>keys rotate [--in MINUTES]</c>: another signing key, from a time on (ADR 0138).</summary>
internal static class KeysCommand
{
    // Long enough for all silos to look, twice.
    private const int MinMinutes = 2;
    private const int DefaultMinutes = 5;
    private const int MaxMinutes = 7 * 24 * 60;

    public static Command Create()
    {
        var minutes = new Option<int>("--in")
        {
            Description = $"After how many minutes it signs, {MinMinutes} to {MaxMinutes}; without it, {DefaultMinutes}.",
            DefaultValueFactory = static _ => DefaultMinutes,
        };
        var rotate = new Command(
            "rotate", "Make another signing key. Running silos take it up by themselves; the former one stays published, for what it has signed.") { minutes };
        rotate.TreatUnmatchedTokensAsErrors = false;
        rotate.SetAction((result, _) => CommandTree.OnStorageAsync(result, context => RotateAsync(context, result.GetValue(minutes))));
        return new Command("keys", "Manage the keys that this server signs with.") { rotate };
    }

    private static async Task<int> RotateAsync(AdminContext context, int minutes)
    {
        if (minutes is < MinMinutes or > MaxMinutes)
            throw new UsageException($"--in is {MinMinutes} to {MaxMinutes}");
        var now = context.Time.GetUtcNow();
        if (await KeyHistory.ReadAsync(context.Storage) is not { } history)
            return await FailAsync("This server has no signing key yet: start it once.");
        if (KeyHistory.LastFrom(history) is var last && last > now.ToUnixTimeMilliseconds())
            return await FailAsync(string.Create(CultureInfo.InvariantCulture, $"There is a key already that signs from {DateTimeOffset.FromUnixTimeMilliseconds(last):u} on."));

        var from = now.AddMinutes(minutes);
        var keys = new SigningKeys(context.Settings, context.Random, context.Time, NullLogger<SigningKeys>.Instance);
        if (await keys.AddAsync(context.Storage, history, from.ToUnixTimeMilliseconds()) is not { } key)
            return await FailAsync("The signing keys have become others meanwhile: look at the server's log, and try again.");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{key.KeyId} signs from {from:u} on."));
        return 0;
    }

    private static async Task<int> FailAsync(string reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return 1;
    }
}
