using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.User;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Json;
using OrleansMatrix.Protocol.Push;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.User;

/// <summary>A user's push rules: account data that only these endpoints change.</summary>
public sealed class UserPushRules(IStorage storage, UserAccountData accountData, string userId)
{
    /// <summary>The rules as stored, or the defaults.</summary>
    public static async ValueTask<PushRuleset> ReadAsync(IStorage storage, string userId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(storage);
        if (await storage.AccountData.GetAsync(userId, "", UserAccountData.PushRules, cancellationToken) is not { } row ||
            !JsonBytes.TryParseObject(row.Json, out var rules))
            return PushRuleset.Default(userId);
        return PushRuleset.Parse(userId, rules);
    }

    public async ValueTask<ReadOnlyMemory<byte>> GetAllAsync() => PooledJson.Build((await ReadAsync(storage, userId)).WriteTo);

    public async ValueTask<Outcome<ReadOnlyMemory<byte>>> GetAsync(string kindName, string ruleId)
    {
        if (!PushRuleKinds.TryParse(kindName, out var kind))
            return MatrixError.InvalidParam("No such kind of push rule");
        return (await ReadAsync(storage, userId)).TryGet(kind, ruleId, out var rule) ? PooledJson.Build(rule.WriteTo)
            : MatrixError.NotFound("No such push rule");
    }

    public ValueTask<Outcome<Nothing>> PutAsync(PushRuleToPut rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        if (Budgets.PushRules.CheckItem(rule.Body.Length) is { } tooLarge)
            return new(tooLarge);
        return EditAsync(rule.Kind, (rules, kind) =>
        {
            using var body = JsonText.Parse(rule.Body);
            return rules.Put(kind, rule.RuleId, body.RootElement, rule.Before, rule.After);
        });
    }

    public ValueTask<Outcome<Nothing>> DeleteAsync(string kindName, string ruleId) => EditAsync(kindName, (rules, kind) => rules.Delete(kind, ruleId));

    public ValueTask<Outcome<Nothing>> EnableAsync(string kindName, string ruleId, ReadOnlyMemory<byte> json) => EditAsync(kindName, (rules, kind) =>
    {
        using var body = JsonText.Parse(json);
        return rules.SetEnabled(kind, ruleId, body.RootElement);
    });

    public ValueTask<Outcome<Nothing>> SetActionsAsync(string kindName, string ruleId, ReadOnlyMemory<byte> json) => EditAsync(kindName, (rules, kind) =>
    {
        using var body = JsonText.Parse(json);
        return rules.SetActions(kind, ruleId, body.RootElement);
    });

    private async ValueTask<Outcome<Nothing>> EditAsync(string kindName, Func<PushRuleset, PushRuleKind, Outcome<PushRuleset>> edit)
    {
        if (!PushRuleKinds.TryParse(kindName, out var kind))
            return MatrixError.InvalidParam("No such kind of push rule");
        return await accountData.ChangeAsync<Outcome<Nothing>>(async unit =>
        {
            var rules = await ReadAsync(storage, userId);
            if (!edit(rules, kind).TryGet(out var changed, out var error))
                return error;
            var json = PooledJson.Build(changed.WriteTo);
            if (changed.OwnCount > rules.OwnCount && Budgets.PushRules.CheckAll(changed.OwnCount, json.Length) is { } full)
                return full;
            accountData.Put(unit, "", UserAccountData.PushRules, json);
            return Nothing.Value;
        });
    }
}
