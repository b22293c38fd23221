using OrleansMatrix.Silo;
using OrleansMatrix.Silo.Commands;

// System.CommandLine is only loaded for subcommands: a server's start does not pay for it.
return args is [] || args[0].StartsWith("--Matrix", StringComparison.OrdinalIgnoreCase) || args[0].Contains(':', StringComparison.Ordinal)
    ? await MatrixServer.RunAsync(args)
    : await CommandTree.RunAsync(args);
