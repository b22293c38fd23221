using System.CommandLine;
using OrleansMatrix.Protocol;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Commands;

/// <summary><c>tokens create [--uses N] [--hours N]</c> and <c>tokens list</c>: registration tokens to hand out.</summary>
internal static class TokensCommand
{
    private const int TokenLength = 16;
    private const long HourMs = 60 * 60 * 1000;

    public static Command Create()
    {
        var uses = new Option<int?>("--uses") { Description = "How many accounts it may register; without it, any number." };
        var hours = new Option<int?>("--hours") { Description = "After how many hours it expires; without it, never." };
        var create = new Command("create", "Make a registration token. It works also while registration is off.") { uses, hours };
        create.TreatUnmatchedTokensAsErrors = false;
        create.SetAction((result, _) => CommandTree.OnStorageAsync(
            result, context => CreateAsync(context, result.GetValue(uses), result.GetValue(hours))));
        var list = new Command("list", "List the registration tokens.") { TreatUnmatchedTokensAsErrors = false };
        list.SetAction((result, _) => CommandTree.OnStorageAsync(result, ListAsync));
        return new Command("tokens", "Manage registration tokens.") { create, list };
    }

    private static async Task<int> CreateAsync(AdminContext context, int? uses, int? hours)
    {
        var token = RandomText.Base62(context.Random, TokenLength);
        var expires = context.Time.GetUtcNow().ToUnixTimeMilliseconds() + (hours * HourMs);
        var unit = new WriteUnit();
        context.Storage.Accounts.PutRegistrationToken(unit, new RegistrationTokenRow(token, uses, 0, expires));
        await context.Storage.CommitAsync(unit);
        Console.WriteLine(token);
        return 0;
    }

    private static async Task<int> ListAsync(AdminContext context)
    {
        foreach (var row in await context.Storage.Accounts.ListRegistrationTokensAsync())
        {
            var expires = row.ExpiresAt is { } end ? $", expires {DateTimeOffset.FromUnixTimeMilliseconds(end):u}" : "";
            Console.WriteLine($"{row.Token}: used {row.Completed} of " +
                $"{row.UsesAllowed?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "any"}{expires}");
        }

        return 0;
    }
}
