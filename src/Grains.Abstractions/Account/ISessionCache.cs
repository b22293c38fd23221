namespace OrleansMatrix.Grains.Abstractions.Account;

/// <summary>What this process remembers of sessions.</summary>
public interface ISessionCache
{
    /// <summary>Forgets the user's sessions, those too that an account was asked for and has not answered yet.</summary>
    void Forget(string userId);
}
