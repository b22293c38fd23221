using OrleansMatrix.Silo;
using OrleansMatrix.Silo.Commands;

// System.CommandLine is only loaded for commands: a server's start does not pay for it.
return SettingArguments.Fault(args) is null ? await MatrixServer.RunAsync(args) : await CommandTree.RunAsync(args);
