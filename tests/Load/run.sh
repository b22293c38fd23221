#!/usr/bin/env bash
# Publishes the silo, starts it on an empty database and loads it: tests/Load/run.sh [--postgres | --silos N] [options of the load generator]
# With --postgres on a PostgreSQL made for the run, with its usual fsync; with --silos so many silos on it, the users spread over them. Reports the server's CPU
# time per send too, and of several silos the calls and answers of grains. SILO names an executable that is published already.
# tests/Load/run.sh receive|catch-up|join [options] measures federation: it starts the servers that it needs itself; receive --silos N on PostgreSQL.
# tests/Load/run.sh flood [options] floods a server whose memory is limited, while honest users talk; flood --postgres with its database there.
# tests/Load/run.sh commits [options] measures the storage of several silos on one PostgreSQL, a millisecond away, its log synced in 2 ms or more.
set -euo pipefail
cd "$(dirname "$0")/../.."
postgres= silos=1
case ${1:-} in
    --postgres) postgres=yes; shift ;;
    --silos) postgres=yes silos=$2; shift 2 ;;
esac
dir=$(mktemp -d) pids=() bin=
as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
cleanup() {
    for pid in "${pids[@]}"; do { kill -TERM "$pid" && wait "$pid"; } 2>/dev/null || true; done
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
        if [[ " $* " == *" --silos "* ]]; then
            start_postgres
            set -- "$@" --database "Host=$dir;Username=postgres;Database=matrix"
            export Matrix__Telemetry__Metrics=true Matrix__Cluster__Address=127.0.0.1
        fi
        SILO=$silo dotnet "$load" "$@"
        exit
        ;;
    flood)
        shift
        if [ "${1:-}" = --postgres ]; then
            shift
            start_postgres
            set -- "$@" --database "Host=$dir;Username=postgres;Database=matrix"
        fi
        SILO=$silo dotnet "$load" flood "$@"
        exit
        ;;
    commits)
        start_postgres -c commit_delay=2000 -c commit_siblings=0
        dotnet "$load" "$@" --socket "$dir"
        exit
        ;;
esac
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
settings=(Matrix__Registration__Enabled=true Matrix__RateLimits__Enabled=false)
[ "$silos" = 1 ] || settings+=(Matrix__Telemetry__Metrics=true)
if [ -n "$postgres" ]; then
    start_postgres
    settings+=("Matrix__Database=Host=$dir;Username=postgres;Database=matrix" Matrix__Cluster__Address=127.0.0.1 Matrix__Cluster__SiloPort=0 Matrix__Cluster__GatewayPort=0)
fi
arguments=()
for ((i = 0; i < silos; i++)); do
    url=http://127.0.0.1:$(free_port)
    env "${settings[@]}" Matrix__DataDirectory="$dir/data$i" Kestrel__Endpoints__Http__Url="$url" "$silo" >"$dir/log$i" 2>&1 &
    pids+=($!)
    arguments+=(--url "$url" --pid $!)
    for ((tries = 0; ; tries++)); do
        ! curl -sf -m 5 -o /dev/null "$url/_matrix/client/versions" || break
        if ! kill -0 "${pids[i]}" || ((tries > 300)); then
            cat "$dir/log$i" >&2
            exit 1
        fi
        sleep 0.1
    done
done
dotnet "$load" "${arguments[@]}" "$@"
