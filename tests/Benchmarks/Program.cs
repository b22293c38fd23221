using BenchmarkDotNet.Running;

// dotnet run -c Release --project tests/Benchmarks -- --filter '*CanonicalJson*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
