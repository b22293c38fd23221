#!/usr/bin/env bash
# Publishes the silo (a native executable) and an empty ASP.NET minimal API (trimmed, with a JIT) and compares, interleaved: the time from exec to the first
# answered request, the CPU time until then (which other work on the machine disturbs less), and the resident memory 5 s later.
# Medians of N runs (default 15): tests/Startup/startup.sh [N]. SILO names a folder with a published executable.
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-15} out=$(mktemp -d) pid=
trap '[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true; rm -rf "$out"' EXIT
if [ -n "${SILO:-}" ]; then ln -s "$(realpath "$SILO")" "$out/silo"; else dotnet publish silo -c Release -r linux-x64 -o "$out/silo" -v q --nologo; fi
dotnet publish tests/Startup -c Release -r linux-x64 -o "$out/empty" -v q --nologo
du -smL "$out/silo" "$out/empty" | awk '{print $2": "$1" MB"}' | sed "s#$out/##"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

now() { date +%s%N; }
measure() { # program extra-environment...
    local program=$1 start cpu tries=0; shift
    start=$(now)
    env DOTNET_gcServer=0 "$@" "$program" >/dev/null 2>"$out/errors" &
    pid=$!
    until curl -sf -m 5 -o /dev/null "http://127.0.0.1:$port/_matrix/client/versions"; do
        if ! kill -0 "$pid" || ((++tries > 5000)); then
            cat "$out/errors" >&2
            exit 1
        fi
    done
    local ms=$((($(now) - start) / 1000000))
    cpu=$(awk -v hz="$(getconf CLK_TCK)" '{print int(($14 + $15) * 1000 / hz)}' "/proc/$pid/stat")
    sleep 5
    echo "$ms $cpu $(awk '/VmRSS/{print $2}' "/proc/$pid/status")"
    kill -TERM "$pid"
    wait "$pid" || true
    pid=
}
data=$out/data
mkdir "$data"
server() { measure "$out/silo/OrleansMatrix" Matrix__DataDirectory="$data" Kestrel__Endpoints__Http__Url="http://127.0.0.1:$port"; }
server >/dev/null # the first start makes the database, as no later one does
for ((i = 0; i < runs; i++)); do
    server >>"$out/silo.txt"
    measure "$out/empty/EmptyApi" ASPNETCORE_URLS="http://127.0.0.1:$port" >>"$out/empty.txt"
done
median() { awk -v c="$2" '{print $c}' "$out/$1.txt" | sort -n | awk '{v[NR]=$1} END{print v[int((NR+1)/2)]}'; }
for what in silo empty; do
    echo "$what: first answer $(median $what 1) ms, CPU $(median $what 2) ms, resident $(($(median $what 3) / 1024)) MiB (medians of $runs)"
done
awk -v a="$(median silo 1)" -v b="$(median empty 1)" -v c="$(median silo 2)" -v d="$(median empty 2)" -v e="$(median silo 3)" -v f="$(median empty 3)" \
    'BEGIN{printf "ratio: first answer %.2f, CPU %.2f; memory %+.1f MiB\n", a / b, c / d, (e - f) / 1024}'
