using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// dotnet run -c Release --project tests/Benchmarks -- --filter '*CanonicalJson*'
// dotnet run -c Release --project tests/Benchmarks -- storage [sqlite|postgres] [seconds]
// dotnet run -c Release --project tests/Benchmarks -- sqlite [rounds]
// dotnet run -c Release --project tests/Benchmarks -- engine
// dotnet run -c Release --project tests/Benchmarks -- search [sqlite|postgres] [events]
// dotnet run -c Release --project tests/Benchmarks -- room [rooms] [callers] [seconds]
// dotnet run -c Release --project tests/Benchmarks -- dead-servers [servers] [messages]
if (args is ["engine", ..]) await OrleansMatrix.Benchmarks.Engine.RunAsync();
else if (args is ["room", ..]) await OrleansMatrix.Benchmarks.RoomSends.RunAsync(args);
else if (args is ["dead-servers", ..]) await OrleansMatrix.Benchmarks.DeadServers.RunAsync(args);
else if (args is ["search", ..]) await OrleansMatrix.Benchmarks.SearchIndex.RunAsync(args);
else if (args is ["sqlite", ..]) OrleansMatrix.Benchmarks.SqliteBinding.Run(args);
else if (args is ["storage", ..]) await OrleansMatrix.Benchmarks.StorageCommits.RunAsync(args);
else
{
    // In this process: the projects that BenchmarkDotNet generates would have to follow this repository's build settings.
    var config = DefaultConfig.Instance.AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance));
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
}
