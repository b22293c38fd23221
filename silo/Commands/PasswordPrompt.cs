using System.Text;

namespace OrleansMatrix.Silo.Commands;

/// <summary>Asks for a new password on the terminal, twice, without showing it.</summary>
internal static class PasswordPrompt
{
    /// <summary>The password; null if the two entries differ or there is no terminal.</summary>
    public static string? Ask()
    {
        if (Console.IsInputRedirected)
            return Console.In.ReadLine();
        var first = Read("Password: ");
        return first == Read("Again: ") ? first : null;
    }

    private static string Read(string prompt)
    {
        Console.Write(prompt);
        var text = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key != ConsoleKey.Backspace)
                text.Append(key.KeyChar);
            else if (text.Length > 0)
                text.Length--;
        }

        Console.WriteLine();
        return text.ToString();
    }
}
