using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace OrleansMatrix.Grains.Account;

/// <summary>
/// Hashes and checks passwords in ASP.NET Core Identity's format. A hash takes some 0.2 s of a core, so the work runs outside the grains' turns, on at most
/// half of the cores, and callers beyond a queue's length are turned away.
/// </summary>
public sealed class Passwords : IDisposable
{
    /// <summary>Longest password in characters: more would only make hashing slow.</summary>
    public const int MaxLength = 512;

    /// <summary>
    /// PBKDF2 with HMAC-SHA512: what OWASP's Password Storage Cheat Sheet asks for. A hash with fewer is made anew at the next login, when the password is
    /// there.
    /// </summary>
    public const int Iterations = 210_000;

    private const int MaxWaiting = 200;
    private readonly PasswordHasher<string> _hasher;
    private readonly SemaphoreSlim _workers = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lazy<string> _decoy;
    private int _waiting;

    public Passwords(IOptions<PasswordHasherOptions> options)
    {
        _hasher = new PasswordHasher<string>(options);
        _decoy = new Lazy<string>(() => _hasher.HashPassword("", "decoy"));
    }

    /// <summary>The hash of a password; null if too many wait.</summary>
    public Task<string?> HashAsync(string password) => RunAsync(() => _hasher.HashPassword("", password));

    /// <summary>
    /// Compares in constant time. Without a <paramref name="hash"/> (no such account, or no password) the answer is Failed after the same work, so that the
    /// time taken does not tell whether an account exists. Null if too many wait.
    /// </summary>
    public async Task<PasswordVerificationResult?> VerifyAsync(string? hash, string password)
    {
        var result = await RunAsync<object>(() => _hasher.VerifyHashedPassword("", hash ?? _decoy.Value, password));
        return hash is null && result is not null ? PasswordVerificationResult.Failed : (PasswordVerificationResult?)result;
    }

    /// <inheritdoc/>
    public void Dispose() => _workers.Dispose();

    private async Task<T?> RunAsync<T>(Func<T> work)
        where T : class
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return null;
        }

        try
        {
            await _workers.WaitAsync();
            try
            {
                return await Task.Run(work);
            }
            finally
            {
                _workers.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
