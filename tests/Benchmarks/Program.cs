using BenchmarkDotNet.Running;

// dotnet run -c Release --project tests/Benchmarks -- --filter '*CanonicalJson*'
// dotnet run -c Release --project tests/Benchmarks -- storage [sqlite|postgres] [seconds]
if (args is ["storage", ..]) await OrleansMatrix.Benchmarks.StorageCommits.RunAsync(args);
else BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
