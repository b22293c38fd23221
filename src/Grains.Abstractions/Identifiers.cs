using Orleans.Serialization.Cloning;
using OrleansMatrix.Protocol.Identifiers;

namespace OrleansMatrix.Grains.Abstractions;

/// <summary>A <see cref="UserId"/> on its way between silos.</summary>
[GenerateSerializer, Immutable, Alias("UserId")]
public readonly record struct UserIdSurrogate([property: Id(0)] string Value);

/// <summary>Packs and unpacks a <see cref="UserId"/>.</summary>
[RegisterConverter]
public sealed class UserIdConverter : IConverter<UserId, UserIdSurrogate>
{
    /// <inheritdoc/>
    public UserId ConvertFromSurrogate(in UserIdSurrogate surrogate) => UserId.TryParse(surrogate.Value, out var id) ? id : default;

    /// <inheritdoc/>
    public UserIdSurrogate ConvertToSurrogate(in UserId value) => new(value.Value);
}

/// <summary>Within a silo nothing is packed.</summary>
[RegisterCopier]
public sealed class UserIdCopier : ShallowCopier<UserId>;

/// <summary>A <see cref="ServerName"/> on its way between silos.</summary>
[GenerateSerializer, Immutable, Alias("ServerName")]
public readonly record struct ServerNameSurrogate([property: Id(0)] string Value);

/// <summary>Packs and unpacks a <see cref="ServerName"/>.</summary>
[RegisterConverter]
public sealed class ServerNameConverter : IConverter<ServerName, ServerNameSurrogate>
{
    /// <inheritdoc/>
    public ServerName ConvertFromSurrogate(in ServerNameSurrogate surrogate) => ServerName.TryParse(surrogate.Value, out var id) ? id : default;

    /// <inheritdoc/>
    public ServerNameSurrogate ConvertToSurrogate(in ServerName value) => new(value.Value);
}

/// <summary>Within a silo nothing is packed.</summary>
[RegisterCopier]
public sealed class ServerNameCopier : ShallowCopier<ServerName>;

/// <summary>A <see cref="RoomId"/> on its way between silos.</summary>
[GenerateSerializer, Immutable, Alias("RoomId")]
public readonly record struct RoomIdSurrogate([property: Id(0)] string Value);

/// <summary>Packs and unpacks a <see cref="RoomId"/>.</summary>
[RegisterConverter]
public sealed class RoomIdConverter : IConverter<RoomId, RoomIdSurrogate>
{
    /// <inheritdoc/>
    public RoomId ConvertFromSurrogate(in RoomIdSurrogate surrogate) => RoomId.TryParse(surrogate.Value, out var id) ? id : default;

    /// <inheritdoc/>
    public RoomIdSurrogate ConvertToSurrogate(in RoomId value) => new(value.Value);
}

/// <summary>Within a silo nothing is packed.</summary>
[RegisterCopier]
public sealed class RoomIdCopier : ShallowCopier<RoomId>;

/// <summary>A <see cref="EventId"/> on its way between silos.</summary>
[GenerateSerializer, Immutable, Alias("EventId")]
public readonly record struct EventIdSurrogate([property: Id(0)] string Value);

/// <summary>Packs and unpacks a <see cref="EventId"/>.</summary>
[RegisterConverter]
public sealed class EventIdConverter : IConverter<EventId, EventIdSurrogate>
{
    /// <inheritdoc/>
    public EventId ConvertFromSurrogate(in EventIdSurrogate surrogate) => EventId.TryParse(surrogate.Value, out var id) ? id : default;

    /// <inheritdoc/>
    public EventIdSurrogate ConvertToSurrogate(in EventId value) => new(value.Value);
}

/// <summary>Within a silo nothing is packed.</summary>
[RegisterCopier]
public sealed class EventIdCopier : ShallowCopier<EventId>;
