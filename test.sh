#!/usr/bin/env bash
# Installs what the tests need (Debian or Ubuntu, as root), builds once and runs every test. Ends with one line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

install() {
    local missing=()
    command -v node >/dev/null && command -v npm >/dev/null || missing+=(nodejs npm)
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    [ -e /usr/lib/python3/dist-packages/nio ] || missing+=(python3-matrix-nio python3-olm)
    command -v vipsthumbnail >/dev/null || missing+=(libvips-tools)
    command -v ip >/dev/null || missing+=(iproute2)
    if [ ${#missing[@]} -gt 0 ]; then
        if [ "$(id -u)" != 0 ]; then
            echo "not root: tests that need ${missing[*]} are skipped" >&2
        else
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || return 1
        fi
    fi
    if command -v npm >/dev/null; then
        (cd tests/Interop/clients && npm ci --no-audit --no-fund --ignore-scripts --silent) || return 1
        # matrix-js-sdk needs Node 20; where the distribution's is older, npm has the runtime as an ordinary package.
        if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
            local runtime="node-linux-$(node -p process.arch)"
            (cd tests/Interop/clients && npm install --no-save --no-audit --no-fund --ignore-scripts --silent "$runtime@20") || return 1
            export PATH="$PWD/tests/Interop/clients/node_modules/$runtime/bin:$PATH"
        fi
    fi
}

passed=0 failed=0 failures=
fail() { failed=$((failed + 1)) failures+="FAILED: $1"$'\n'; }
finish() {
    printf '%s' "$failures"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

install || fail "installing what the tests need"
if ! dotnet build OrleansMatrix.sln -c Release -v q --nologo; then
    fail "dotnet build"
    finish
    exit 1
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

program() {
    local file="tests/$1/bin/Release/net10.0/OrleansMatrix.$1.dll"
    [ -e "$file" ] || file="tests/$1/bin/Release/net10.0/$1.dll"
    grep -qs 'xunit.v3.core' "${file%.dll}.deps.json" && echo "$file"
}

# Each of the projects named, one after another; what they print is kept until all have ended.
run() {
    local name start
    for name in "$@"; do
        start=$SECONDS
        timeout -k 30 900 dotnet "$(program "$name")" -noLogo -xml "$results/$name.xml" ${CI:+-failSkips} >"$results/$name.log" 2>&1
        echo "$? $((SECONDS - start))" >"$results/$name.status"
        echo "   $name ended after $((SECONDS - start)) s"
    done
}

# Style and analyzers are held by the build.
format() {
    dotnet format whitespace OrleansMatrix.sln --verify-no-changes --no-restore >"$results/format.log" 2>&1
    echo $? >"$results/format.status"
}

tally() {
    local name=$1 status seconds summary p f e s
    read -r status seconds <"$results/$name.status"
    summary=$(grep -oE '<assembly [^>]*>' "$results/$name.xml" 2>/dev/null)
    count() { grep -oE " $1=\"[0-9]+\"" <<<"$summary" | grep -oE '[0-9]+' | head -1; }
    p=$(count passed) f=$(count failed) e=$(count errors) s=$(count skipped)
    echo "== $name: ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped in $seconds s"
    passed=$((passed + ${p:-0}))
    if [ -z "$p" ] || { [ "$status" -ne 0 ] && [ "$((f + e))" -eq 0 ]; }; then
        tail -50 "$results/$name.log"
        fail "$name ended with status $status"
    elif [ "$((f + e))" -gt 0 ]; then
        cat "$results/$name.log"
        failed=$((failed + f + e))
        failures+=$(grep -A 3 -E '\[FAIL\]' "$results/$name.log" | cut -c1-400)$'\n'
    fi
}

# Tests that spend most of their time waiting for processes that start and die run beside the others.
waiting=() others=()
for project in tests/*/; do
    name=$(basename "$project")
    [ "$name" != TestSupport ] && [ -n "$(program "$name")" ] || continue
    case $name in
    Cluster.Tests | Interop | Peers.Tests | Silo.Tests) waiting+=("$name") ;;
    *) others+=("$name") ;;
    esac
done
run "${waiting[@]}" &
format
run "${others[@]}"
wait

if [ "$(cat "$results/format.status")" -eq 0 ]; then
    passed=$((passed + 1))
else
    cat "$results/format.log"
    fail "dotnet format whitespace --verify-no-changes"
fi
for name in "${waiting[@]}" "${others[@]}"; do
    tally "$name"
done
finish
