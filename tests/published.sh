#!/usr/bin/env bash
# Publishes the server and runs the tests that start it as a process on what was published: kills, a cluster, real clients, what is seen from outside. Apart
# from test.sh, since the native compiler takes some minutes. An executable that is there already: tests/published.sh out/OrleansMatrix
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then
    SILO=$(realpath "$1")
else
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
    dotnet publish silo -c Release -r linux-x64 -o "$out" -v q --nologo
    SILO=$out/OrleansMatrix
fi
export SILO
dotnet run -c Release --project tests/Silo.Tests -- -class '*KillTests' -class '*SeenFromOutsideTests'
dotnet run -c Release --project tests/Cluster.Tests -- -class '*ProcessTests'
dotnet run -c Release --project tests/Interop
