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

passed=0 failed=0
fail() { echo "FAILED: $1" >&2; failed=$((failed + 1)); }

install || fail "installing what the tests need"
if ! dotnet build OrleansMatrix.sln -c Release -v q --nologo; then
    fail "dotnet build"
    echo "$passed passed, $failed failed"
    exit 1
fi
if dotnet format OrleansMatrix.sln --verify-no-changes --no-restore --severity warn; then
    passed=$((passed + 1))
else
    fail "dotnet format --verify-no-changes"
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for project in tests/*/; do
    name=$(basename "$project")
    program="$project/bin/Release/net10.0/OrleansMatrix.$name.dll"
    [ -e "$program" ] || program="$project/bin/Release/net10.0/$name.dll"
    grep -qs 'xunit.v3.core' "${program%.dll}.deps.json" || continue
    case $name in TestSupport) continue ;; esac
    echo "== $name"
    start=$SECONDS
    timeout -k 30 900 dotnet "$program" -noLogo -xml "$results/$name.xml" ${CI:+-failSkips} >"$results/$name.log" 2>&1
    status=$?
    summary=$(grep -oE '<assembly [^>]*>' "$results/$name.xml" 2>/dev/null)
    count() { grep -oE " $1=\"[0-9]+\"" <<<"$summary" | grep -oE '[0-9]+' | head -1; }
    p=$(count passed) f=$(count failed) e=$(count errors) s=$(count skipped)
    if [ -z "$p" ] || { [ $status -ne 0 ] && [ "$((f + e))" -eq 0 ]; }; then
        tail -50 "$results/$name.log"
        fail "$name ended with status $status"
    fi
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0} + ${e:-0}))
    [ "$((${f:-0} + ${e:-0}))" -gt 0 ] && cat "$results/$name.log"
    echo "   ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped in $((SECONDS - start)) s"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
