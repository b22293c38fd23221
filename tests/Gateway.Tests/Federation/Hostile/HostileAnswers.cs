using OrleansMatrix.Gateway.Tests.Support;

namespace OrleansMatrix.Gateway.Tests.Federation.Hostile;

/// <summary>Lies in an answer, be it JSON or a file in parts.</summary>
internal static class HostileAnswers
{
    private const string Part = "--b\r\n\r\n{}\r\n--b\r\n";

    // Instead of a file.
    private static readonly string[] s_files =
    [
        "", "--b", "--b--\r\n", "file", "--b\r\n\r\n{}\r\n--b--", Part + "\r\nfile",
        Part + "Location: http://127.0.0.1:1/x\r\n\r\n\r\n--b--\r\n",
        Part + "Location: file:///etc/passwd\r\n\r\n\r\n--b--\r\n", Part + "Location: \0\r\n\r\n\r\n--b--\r\n",
        Part + "Content-Type: \r\n\r\nfile\r\n--b--\r\n",
        Part + "Content-Type: text/html; charset=\"\0\r\n\r\nfile\r\n--b--\r\n", Part + "Content-Disposition: ;;=\r\n\r\nfile\r\n--b--\r\n",
        Part + "Content-Disposition: attachment; filename*=x''%\r\n\r\nfile\r\n--b--\r\n", Part + $"X: {new string('x', 100_000)}\r\n\r\nfile\r\n--b--\r\n",
        Part + string.Concat(Enumerable.Repeat("X: y\r\n", 1000)) + "\r\nfile\r\n--b--\r\n", string.Concat(Enumerable.Repeat("--b\r\n\r\n\r\n", 1000)),
        "--b\r\n\r\n[[[[\r\n--b\r\n\r\nfile\r\n--b--\r\n", "\0\0\0\0",
    ];

    public static int CountOf(Answer honest) => honest.IsJson ? Lies.CountIn(honest.Text) : s_files.Length;

    public static Answer Tell(Answer honest, int number) =>
        honest with { Text = honest.IsJson ? Lies.Tell(honest.Text, number) : s_files[number % s_files.Length] };
}
