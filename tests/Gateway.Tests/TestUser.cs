namespace OrleansMatrix.Gateway.Tests;

/// <summary>A registered user with the token of one device.</summary>
public sealed record TestUser(string Id, string Token, string DeviceId);
