using BenchmarkDotNet.Running;

// dotnet run -c Release --project tests/Benchmarks -- --filter '*CanonicalJson*'
// dotnet run -c Release --project tests/Benchmarks -- storage [sqlite|postgres] [seconds]
// dotnet run -c Release --project tests/Benchmarks -- engine
// dotnet run -c Release --project tests/Benchmarks -- room [rooms] [callers] [seconds]
if (args is ["engine", ..]) await OrleansMatrix.Benchmarks.Engine.RunAsync();
else if (args is ["room", ..]) await OrleansMatrix.Benchmarks.RoomSends.RunAsync(args);
else if (args is ["storage", ..]) await OrleansMatrix.Benchmarks.StorageCommits.RunAsync(args);
else BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
