using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using OrleansMatrix.Grains.Abstractions;

namespace OrleansMatrix.Gateway.Pipeline;

/// <summary><c>GET /limits</c>: what M_USER_LIMIT_EXCEEDED refers people to by <c>info_uri</c> (C-S API, Common error codes).</summary>
public static class LimitsPage
{
    /// <summary>Where it is.</summary>
    public const string Path = "/limits";

    /// <summary>Whether a request is for this page.</summary>
    public static bool IsAsked(HttpRequest request) =>
        request.Path == Path && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method));

    /// <summary>Answers it.</summary>
    public static Task AnswerAsync(HttpContext context, MatrixSettings settings) => HomePage.WriteAsync(context, "Limits", $"""
        <p>So much of each is kept here. What you no longer need makes room when you delete it.</p>
        <ul>{string.Concat(Budgets.All.Select(settings.BudgetOf).Select(Item))}</ul>
        """);

    private static string Item(Budget budget)
    {
        List<string> limits = [];
        if (budget.MaxCount < int.MaxValue)
            limits.Add($"{Text(budget.MaxCount)} for each {budget.Owner}");
        if (budget.MaxBytes < long.MaxValue)
            limits.Add($"{Text(budget.MaxBytes)} bytes for each {budget.Owner}");
        if (budget.MaxItemBytes < int.MaxValue)
            limits.Add($"{Text(budget.MaxItemBytes)} bytes each");
        return $"<li>{WebUtility.HtmlEncode(budget.Name)}: {WebUtility.HtmlEncode(string.Join("; ", limits))}{(budget.OldestGoes ? "; the oldest make room" : "")}</li>";
    }

    private static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
