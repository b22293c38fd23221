#!/usr/bin/env bash
# Publishes the silo and an empty ASP.NET minimal API as trimmed, self-contained executables and compares, interleaved, the time from exec to the first
# answered request and the resident memory 5 s later. Medians of N runs (default 5).
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-5} out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
dotnet publish silo -c Release -r linux-x64 -o "$out/silo" -v q --nologo
dotnet publish tests/Startup -c Release -r linux-x64 -o "$out/empty" -v q --nologo
du -sm "$out/silo" "$out/empty" | awk '{print $2": "$1" MB"}' | sed "s#$out/##"

now() { date +%s%N; }
measure() { # program port extra-environment...
    local program=$1 port=$2 start; shift 2
    start=$(now)
    env DOTNET_gcServer=0 "$@" "$program" >/dev/null 2>&1 &
    local pid=$!
    until curl -sf -o /dev/null "http://127.0.0.1:$port/_matrix/client/versions"; do :; done
    local ms=$((($(now) - start) / 1000000))
    sleep 5
    echo "$ms $(awk '/VmRSS/{print $2}' "/proc/$pid/status")"
    kill -TERM "$pid"
    wait "$pid" || true
}
for ((i = 0; i < runs; i++)); do
    data=$(mktemp -d "$out/data-XXXX")
    [ -d "$out/warm" ] && cp -r "$out/warm/." "$data" # a database that is there already, as at every start but the first
    measure "$out/silo/OrleansMatrix" 18071 Matrix__DataDirectory="$data" Kestrel__Endpoints__Http__Url=http://127.0.0.1:18071 >>"$out/silo.txt"
    [ -d "$out/warm" ] || cp -r "$data" "$out/warm"
    measure "$out/empty/EmptyApi" 18072 ASPNETCORE_URLS=http://127.0.0.1:18072 >>"$out/empty.txt"
done
median() { awk -v c="$2" '{print $c}' "$out/$1.txt" | sort -n | awk '{v[NR]=$1} END{print v[int((NR+1)/2)]}'; }
for what in silo empty; do
    echo "$what: first answer $(median $what 1) ms, resident $(($(median $what 2) / 1024)) MiB (medians of $runs)"
done
