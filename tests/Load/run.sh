#!/usr/bin/env bash
# Publishes the silo, starts it on an empty database and loads it: tests/Load/run.sh [--postgres] [options of the load generator]
# With --postgres on a cluster made for the run, with its usual fsync. Reports the server's CPU time per send too. SILO names an executable that is published already.
# tests/Load/run.sh receive|catch-up|join [options] measures federation: it starts the servers that it needs itself.
# tests/Load/run.sh commits [options] measures the storage of several silos on one PostgreSQL, a millisecond away, its log synced in 2 ms or more.
set -euo pipefail
cd "$(dirname "$0")/../.."
postgres=
[ "${1:-}" != --postgres ] || { postgres=yes; shift; }
dir=$(mktemp -d) pid= bin=
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
cleanup() {
    [ -z "$pid" ] || { kill -TERM "$pid" && wait "$pid"; } 2>/dev/null || true
    [ ! -f "$dir/pg/postmaster.pid" ] || as_postgres "$bin/pg_ctl" -D "$dir/pg" -m fast stop >/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT
start_postgres() {
    bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    as_postgres "$bin/initdb" -D "$dir/pg" -A trust -U postgres -E UTF8 --locale=C >/dev/null
    as_postgres "$bin/pg_ctl" -D "$dir/pg" -w -l "$dir/pg/log" -o "-k $dir -c listen_addresses= -c max_connections=200 $*" start >/dev/null
    as_postgres "$bin/createdb" -h "$dir" -U postgres matrix
}
silo=${SILO:-$dir/silo/OrleansMatrix}
[ -n "${SILO:-}" ] || [ "${1:-}" = commits ] || dotnet publish silo -c Release -r linux-x64 -o "$dir/silo" -v q --nologo >&2
dotnet build tests/Load -c Release -v q --nologo >&2
load=tests/Load/bin/Release/net10.0/OrleansMatrix.Load.dll
case ${1:-} in
    receive | catch-up | join)
        SILO=$silo dotnet "$load" "$@"
        exit
        ;;
    commits)
        start_postgres -c commit_delay=2000 -c commit_siblings=0
        dotnet "$load" "$@" --socket "$dir"
        exit
        ;;
esac
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
settings=(Matrix__DataDirectory="$dir/data" Matrix__Registration__Enabled=true Matrix__RateLimits__Enabled=false Kestrel__Endpoints__Http__Url="http://127.0.0.1:$port")
if [ -n "$postgres" ]; then
    start_postgres
    settings+=("Matrix__Database=Host=$dir;Username=postgres;Database=matrix")
fi
env "${settings[@]}" "$silo" >"$dir/log" 2>&1 &
pid=$!
for ((tries = 0; ; tries++)); do
    ! curl -sf -m 5 -o /dev/null "http://127.0.0.1:$port/_matrix/client/versions" || break
    if ! kill -0 "$pid" || ((tries > 300)); then
        cat "$dir/log" >&2
        exit 1
    fi
    sleep 0.1
done
dotnet "$load" --url "http://127.0.0.1:$port" --pid "$pid" "$@"
