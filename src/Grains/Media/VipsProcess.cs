using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using OrleansMatrix.Grains.Abstractions.Media;

namespace OrleansMatrix.Grains.Media;

/// <summary>Runs <c>vipsthumbnail</c>: loaders that are not fit for untrusted input are off, and time and memory are limited.</summary>
internal sealed class VipsProcess
{
    private const string MemoryLimit = "--as=2147483648";
    private const int MaxProblemLength = 200;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(15);
    private readonly string _program;
    private readonly string? _limiter;
    private readonly TimeProvider _time;

    private VipsProcess(string program, string? limiter, TimeProvider time) => (_program, _limiter, _time) = (program, limiter, time);

    /// <summary>Looks for the program on the path; null if it is not installed.</summary>
    public static VipsProcess? Find(TimeProvider time) =>
        OnPath("vipsthumbnail") is { } program ? new VipsProcess(program, OnPath("prlimit"), time) : null;

    /// <summary>Writes a thumbnail to <paramref name="output"/>, in the format of its extension; null, or what went wrong.</summary>
    public async Task<string?> RunAsync(string input, string output, ThumbnailSize size)
    {
        var start = new ProcessStartInfo(_limiter ?? _program) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment["VIPS_BLOCK_UNTRUSTED"] = "1";
        start.Environment["VIPS_CONCURRENCY"] = "1";
        if (_limiter is not null)
        {
            start.ArgumentList.Add(MemoryLimit);
            start.ArgumentList.Add("--");
            start.ArgumentList.Add(_program);
        }

        // ">": never larger than the image.
        start.ArgumentList.Add("--size");
        start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"{size.Width}x{size.Height}>"));
        if (size.Crop)
        {
            start.ArgumentList.Add("--smartcrop");
            start.ArgumentList.Add("centre");
        }

        start.ArgumentList.Add("-o");
        start.ArgumentList.Add(output + "[strip]");
        start.ArgumentList.Add(input);
        return await RunAsync(start) is { } problem ? problem : File.Exists(output) ? null : "no output";
    }

    private async Task<string?> RunAsync(ProcessStartInfo start)
    {
        using var timeout = new CancellationTokenSource(s_timeout, _time);
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception fault)
        {
            return fault.Message;
        }

        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var errors = await process.StandardError.ReadToEndAsync(timeout.Token);
            await output;
            await process.WaitForExitAsync(timeout.Token);
            return process.ExitCode == 0 ? null : errors.Length <= MaxProblemLength ? errors : errors[..MaxProblemLength];
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return "it took too long";
        }
    }

    private static string? OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
