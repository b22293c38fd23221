using System.CommandLine;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using OrleansMatrix.Grains.Account;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Silo.Commands;

/// <summary><c>users create NAME [--admin]</c> and <c>users list</c>.</summary>
internal static class UsersCommand
{
    private const int PageSize = 500;

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "The local part of the user ID, such as alice." };
        var admin = new Option<bool>("--admin") { Description = "Make the account a server administrator." };
        var fromStdin = new Option<bool>("--password-stdin") { Description = "Read the password from standard input instead of asking for it." };
        var makeNew = new Option<bool>("--new") { Description = "Make a new database if there is none in the data folder yet." };
        var create = new Command("create", "Make an account. The server may be running or not.") { name, admin, fromStdin, makeNew };
        create.TreatUnmatchedTokensAsErrors = false;
        create.SetAction((result, _) => CommandTree.OnStorageAsync(
            result, context => CreateAsync(context, result.GetRequiredValue(name), result.GetValue(admin), result.GetValue(fromStdin)),
            result.GetValue(makeNew)));
        var list = new Command("list", "List the accounts.") { TreatUnmatchedTokensAsErrors = false };
        list.SetAction((result, _) => CommandTree.OnStorageAsync(result, ListAsync));
        return new Command("users", "Manage accounts.") { create, list };
    }

    private static async Task<int> CreateAsync(AdminContext context, string name, bool admin, bool fromStdin)
    {
        if (!UserId.TryCreate(name, context.Settings.ServerName, out var user))
            return Fail($"'{name}' is not a user name: only a-z, 0-9 and ._=-/+ are allowed");
        if (await context.Storage.Accounts.GetAsync(user.Value) is not null)
            return Fail($"{user.Value} exists already");
        var password = fromStdin ? Console.In.ReadLine() : PasswordPrompt.Ask();
        if (password is not { Length: > 0 and <= Passwords.MaxLength })
            return Fail($"The password must have 1 to {Passwords.MaxLength} characters, and both entries must agree");
        var rounds = Options.Create(new PasswordHasherOptions { IterationCount = Passwords.Iterations });
        var hash = new PasswordHasher<string>(rounds).HashPassword(user.Value, password);
        var unit = new WriteUnit();
        AccountCreation.Write(context.Storage, unit, user, hash, admin, context.Time);
        await RegistrationTokens.VoidFirstAsync(context.Storage, unit);
        try
        {
            await context.Storage.CommitAsync(unit);
        }
        catch (ConflictException)
        {
            return Fail($"{user.Value} exists already");
        }

        var where = context.Settings.Database.Length == 0 ? context.Settings.DataDirectory : "the database of Matrix:Database";
        Console.WriteLine($"Created {user.Value}{(admin ? ", a server administrator," : "")} in {where}");
        return 0;
    }

    private static async Task<int> ListAsync(AdminContext context)
    {
        string? after = null;
        while (await context.Storage.Accounts.ListAsync(after, PageSize) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                var kind = (row.IsAdmin ? " admin" : "") + (row.IsGuest ? " guest" : "");
                var state = (row.Deactivated ? " deactivated" : "") + (row.Locked ? " locked" : "") + (row.Suspended ? " suspended" : "");
                Console.WriteLine(row.UserId + kind + state);
            }
            after = page[^1].UserId;
        }

        return 0;
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }
}
