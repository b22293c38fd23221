using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansMatrix.Grains.Abstractions;
using OrleansMatrix.Grains.Abstractions.Account;
using OrleansMatrix.Grains.Persistence;
using OrleansMatrix.Protocol;
using OrleansMatrix.Protocol.Errors;
using OrleansMatrix.Protocol.Identifiers;
using OrleansMatrix.Storage;

namespace OrleansMatrix.Grains.Account;

/// <summary>
/// A local account. Changes are made in memory first, together with their write unit, so that interleaved calls see them at once; if the commit fails, the
/// activation goes and storage's truth is read again.
/// </summary>
[GrainType("account")]
public sealed class AccountGrain(
    IStorage storage, MatrixSettings settings, Passwords passwords, TimeProvider time, IRandom random,
    RememberedSessions sessions, ILogger<AccountGrain> logger)
    : Grain, IAccountGrain, IRemindable
{
    private readonly PasswordCheck _passwordCheck = new(passwords, time, settings.RateLimitsEnabled);
    private UserId _user;
    private TokenIssuer _tokens = null!;
    private AccountChanges _changes = null!;
    private AccountRooms _rooms = null!;
    private AccountProfile _profile = null!;
    private AccountLogin _login = null!;
    private Fence _fence = null!;
    private AccountState? _state;
    private Task? _loading;
    private RetryReminder _retry = null!;
    private AccountCleanup _cleanup = null!;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _user = UserId.Parse(this.GetPrimaryKeyString());
        _tokens = new TokenIssuer(storage, time, random, _user);
        _changes = new AccountChanges(storage, settings, time, _user.Value);
        _rooms = new AccountRooms(storage, GrainFactory, _user.Value, logger);
        _profile = new AccountProfile(_changes, _rooms, CommitAsync);
        _retry = new RetryReminder(this, logger);
        _cleanup = new AccountCleanup(storage, GrainFactory, _retry, _user.Value, CommitAsync, logger);
        _login = new AccountLogin(storage, _tokens, _changes, _cleanup, time, ChangeAsync, CommitAsync);
        await ExistingAsync();
    }

    /// <inheritdoc/>
    public ValueTask<Outcome<Session>> Authenticate(ReadOnlyMemory<byte> tokenHash, string address, string userAgent)
    {
        return _state is { } loaded ? ValueTask.FromResult(Authenticate(loaded, tokenHash, address, userAgent)) : LoadFirst();

        async ValueTask<Outcome<Session>> LoadFirst()
        {
            if (await ExistingAsync() is { } state)
                return Authenticate(state, tokenHash, address, userAgent);

            // Anybody can make up names: what is not there takes no memory.
            DeactivateOnIdle();
            return MatrixError.UnknownToken();
        }
    }

    private Outcome<Session> Authenticate(AccountState state, ReadOnlyMemory<byte> tokenHash, string address, string userAgent)
    {
        if (state.Find(tokenHash, TokenKind.Access) is not { } entry)
            return MatrixError.UnknownToken();
        if (entry.Row.ExpiresAt <= Now)
            return MatrixError.UnknownToken(softLogout: true);
        var unit = new WriteUnit(_fence);
        if (entry.Session is not { } session)
        {
            session = entry.Open(state.Row);
            if (entry.Row.RefreshHash is { } hash && state.Find(hash, TokenKind.Refresh) is { } refresh)
                _tokens.Retire(unit, state, refresh.Row);
        }

        _changes.Touch(unit, state, entry.Row.DeviceId, address, userAgent);
        if (!unit.IsEmpty)
            _ = CommitInBackgroundAsync(unit);
        return session;
    }

    /// <inheritdoc/>
    public async Task<bool> Exists() => await ExistingAsync() is not null;

    /// <inheritdoc/>
    public async Task<Outcome<Credentials>> Register(NewAccount account)
    {
        if (await ExistingAsync() is not null)
            return MatrixError.UserInUse();
        string? hash = null;
        if (account.Password is { } password && (hash = await passwords.HashAsync(password)) is null)
            return MatrixError.LimitExceeded(1000);
        var row = new AccountRow(
            _user.Value, hash, account.IsAdmin, account.IsGuest, Deactivated: false, Locked: false, Suspended: false, account.AppServiceId, Now);
        var state = new AccountState(row);
        var unit = new WriteUnit(_fence);
        storage.Accounts.Create(unit, row);
        _changes.SetField(unit, state, ProfileRules.DisplayName, JsonBytes.StringValue(account.DisplayName ?? _user.Localpart.ToString()));
        var credentials = account.Session is { } session
            ? _tokens.LogIn(unit, state, session)
            : new Credentials(_user.Value, null, null, null, null);
        try
        {
            await storage.CommitAsync(unit);
        }
        catch (ConflictException)
        {
            return MatrixError.UserInUse();
        }

        _state = state;
        return credentials;
    }

    /// <inheritdoc/>
    public Task<bool> HasGuestToken(ReadOnlyMemory<byte> tokenHash) =>
        Task.FromResult(_state is { Row: { IsGuest: true, Locked: false } } state && state.Find(tokenHash, TokenKind.Access) is not null);

    /// <inheritdoc/>
    public async Task<Outcome<Credentials>> UpgradeGuest(ReadOnlyMemory<byte> tokenHash, NewAccount account)
    {
        if (!await HasGuestToken(tokenHash))
            return MatrixError.Forbidden("guest_access_token is not a token of this guest");
        if (await passwords.HashAsync(account.Password ?? "") is not { } hash)
            return MatrixError.LimitExceeded(1000);
        return await ChangeAsync((unit, state) =>
        {
            _changes.SetRow(unit, state, state.Row with { PasswordHash = hash, IsGuest = false, IsAdmin = account.IsAdmin });
            return account.Session is { } session ? _login.LogIn(unit, state, session) : new Credentials(_user.Value, null, null, null, null);
        });
    }

    /// <inheritdoc/>
    public async Task<Outcome<Credentials>> LogInWithPassword(string password, NewSession session) =>
        await CheckPasswordAsync(password, session.Address) is { } error ? error : await _login.RunAsync(_state!, session);

    /// <inheritdoc/>
    public async Task<Outcome<Nothing>> VerifyPassword(string password) =>
        await CheckPasswordAsync(password, null) is { } error ? error : Nothing.Value;

    /// <inheritdoc/>
    public async Task<Outcome<Credentials>> LogInWithToken(ReadOnlyMemory<byte> tokenHash, NewSession session) =>
        await _login.RunAsync(await ExistingAsync(), tokenHash, session);

    /// <inheritdoc/>
    public Task<Outcome<ExpiringToken>> CreateLoginToken() => ChangeAsync(_tokens.CreateLoginToken);

    /// <inheritdoc/>
    public Task<Outcome<ExpiringToken>> CreateOpenIdToken() => ChangeAsync(_tokens.CreateOpenIdToken);

    /// <inheritdoc/>
    public Task<bool> HasOpenIdToken(ReadOnlyMemory<byte> tokenHash) =>
        Task.FromResult(_state?.Find(tokenHash, TokenKind.OpenId) is { } entry && entry.Row.ExpiresAt > Now);

    /// <inheritdoc/>
    public Task<Outcome<Credentials>> Refresh(ReadOnlyMemory<byte> tokenHash) => _login.RefreshAsync(_state, tokenHash);

    /// <inheritdoc/>
    public Task<Outcome<Nothing>> DeleteDevices(ImmutableArray<string> deviceIds) => ChangeAsync((unit, state) =>
    {
        foreach (var id in deviceIds)
            _changes.DeleteDevice(unit, state, id);
        return Nothing.Value;
    });

    /// <inheritdoc/>
    public Task<Outcome<Nothing>> LogOutAll() => ChangeAsync((unit, state) =>
    {
        _changes.DeleteDevices(unit, state);
        _changes.DeleteOwnTokens(unit, state);
        return Nothing.Value;
    });

    /// <inheritdoc/>
    public Task<Outcome<ReadOnlyMemory<byte>>> GetDevices() =>
        Task.FromResult<Outcome<ReadOnlyMemory<byte>>>(_state is { } state ? AccountJson.Devices(state.Devices.Values) : MatrixError.NotFound());

    /// <inheritdoc/>
    public Task<Outcome<ReadOnlyMemory<byte>>> GetDevice(string deviceId) => Task.FromResult<Outcome<ReadOnlyMemory<byte>>>(
        _state is { } state && state.Devices.TryGetValue(deviceId, out var device) ? AccountJson.Device(device) : MatrixError.NotFound("No such device"));

    /// <inheritdoc/>
    public async Task<Outcome<Nothing>> UpdateDevice(string deviceId, string? displayName)
    {
        if (_state is not { } state || !state.Devices.TryGetValue(deviceId, out var device))
            return MatrixError.NotFound("No such device");
        if (displayName is null || displayName == device.DisplayName)
            return Nothing.Value;
        await CommitAsync(unit =>
        {
            state.Devices[deviceId] = device with { DisplayName = displayName };
            storage.Devices.Put(unit, state.Devices[deviceId]);
            _tokens.Announce(unit, deviceId);
        });
        return Nothing.Value;
    }

    /// <inheritdoc/>
    public async Task<Outcome<Nothing>> ChangePassword(string newPassword, bool logOutDevices, string? keepDevice)
    {
        if (await passwords.HashAsync(newPassword) is not { } hash)
            return MatrixError.LimitExceeded(1000);
        return await ChangeAsync((unit, state) =>
        {
            _changes.SetRow(unit, state, state.Row with { PasswordHash = hash });
            _changes.DeleteOwnTokens(unit, state);
            if (logOutDevices)
                _changes.DeleteDevices(unit, state, keepDevice);
            return Nothing.Value;
        });
    }

    /// <inheritdoc/>
    public async Task<Outcome<Nothing>> Deactivate(bool erase)
    {
        if (await ExistingAsync() is not { Row.Deactivated: false } state)
            return MatrixError.NotFound("No such user");

        // Rooms first: should this be cut short, the user can still repeat it.
        await _rooms.LeaveAllAsync(new Requester(_user, ""));
        return await ChangeAsync((unit, _) =>
        {
            _changes.Deactivate(unit, state, erase);
            return Nothing.Value;
        });
    }

    /// <inheritdoc/>
    public async Task<Outcome<AccountStatus>> GetStatus() => await ExistingAsync() is { Row: var row }
        ? new AccountStatus(row.IsAdmin, row.IsGuest, row.Deactivated, row.Locked, row.Suspended)
        : MatrixError.NotFound("No such user");

    /// <inheritdoc/>
    public Task<Outcome<Nothing>> SetLocked(bool locked) => ChangeRowAsync(row => row with { Locked = locked });

    /// <inheritdoc/>
    public Task<Outcome<Nothing>> SetSuspended(bool suspended) => ChangeRowAsync(row => row with { Suspended = suspended });

    /// <inheritdoc/>
    public Task<Outcome<Nothing>> SetAdmin(bool admin) => ChangeRowAsync(row => row with { IsAdmin = admin });

    /// <inheritdoc/>
    public async Task<Outcome<ReadOnlyMemory<byte>>> WhoIs() => await ExistingAsync() is { } state
        ? AccountJson.WhoIs(_user.Value, state.Devices.Values)
        : MatrixError.NotFound("No such user");

    /// <inheritdoc/>
    public async Task<Outcome<ReadOnlyMemory<byte>>> GetProfile() => AccountProfile.Get(await ExistingAsync());

    /// <inheritdoc/>
    public async Task<Outcome<ReadOnlyMemory<byte>>> GetProfileField(string key) => AccountProfile.GetField(await ExistingAsync(), key);

    /// <inheritdoc/>
    public async Task<Outcome<Nothing>> SetProfileField(string key, ReadOnlyMemory<byte>? valueJson) => await ExistingAsync() is { } state
        ? await _profile.SetFieldAsync(state, key, valueJson)
        : MatrixError.NotFound("No such user");

    // Another process may have made the account since this activation looked (the users command).
    private async ValueTask<AccountState?> ExistingAsync()
    {
        if (_state is not null)
            return _state;
        if (_loading is not { IsCompleted: false })
            _loading = LoadAsync();
        await _loading;
        return _state;
    }

    // The fence is taken before the account is read (ADR 0004). One that is not there is not worth a row: anybody can ask for any name.
    private async Task LoadAsync()
    {
        var owner = $"account:{_user.Value}";
        _fence = await storage.OpenFenceAsync(owner);
        if (await storage.Accounts.GetAsync(_user.Value) is null)
            return;
        _fence = await storage.AcquireFenceAsync(owner);
        _state = await AccountState.LoadAsync(storage, _user.Value);

        // A silo may have died between a commit and telling of it. Nobody was answered, so nobody waits.
        _ = sessions.ForgetAsync(_user);
    }

    // From: an address; null where the user has a session.
    private async Task<MatrixError?> CheckPasswordAsync(string password, string? from)
    {
        var (error, better) = await _passwordCheck.RunAsync(await ExistingAsync(), password, from);
        if (better is not null)
            await ChangeRowAsync(row => row with { PasswordHash = better });
        return error;
    }

    /// <inheritdoc/>
    public async Task CleanUp()
    {
        if (await ExistingAsync() is { } state)
            await _cleanup.TryAsync(state);
    }

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        await CleanUp();
        if (_state is not { Departing.Count: > 0 })
            await _retry.EndAsync();
    }

    private Task<Outcome<Nothing>> ChangeRowAsync(Func<AccountRow, AccountRow> change) => ChangeAsync((unit, state) =>
    {
        _changes.SetRow(unit, state, change(state.Row));
        return Nothing.Value;
    });

    private async Task<Outcome<T>> ChangeAsync<T>(Func<WriteUnit, AccountState, T> change)
    {
        if (await ExistingAsync() is not { } state)
            return MatrixError.NotFound("No such user");
        var unit = new WriteUnit(_fence);
        var result = change(unit, state);
        if (!unit.IsEmpty)
            await CommitAsync(unit);
        if (state.Departing.Count > 0)
            await _cleanup.TryAsync(state);
        return result;
    }

    private Task CommitAsync(Action<WriteUnit> write)
    {
        var unit = new WriteUnit(_fence);
        write(unit);
        return CommitAsync(unit);
    }

    private async Task CommitAsync(WriteUnit unit)
    {
        var changed = _state is { SessionsChanged: true };
        if (changed)
            _state!.SessionsChanged = false;
        try
        {
            await storage.CommitAsync(unit);
        }
        catch
        {
            _state = null;
            DeactivateOnIdle();
            throw;
        }

        if (changed)
            await sessions.ForgetAsync(_user);
    }

    private async Task CommitInBackgroundAsync(WriteUnit unit)
    {
        try
        {
            await CommitAsync(unit);
        }
        catch (Exception fault)
        {
            AccountLog.CommitFailed(logger, _user.Value, fault);
        }
    }
}
