#!/usr/bin/env bash
# Runs the steps of the Dockerfile without Docker, each stage in a bare folder: copies, builds (some minutes of two cores), then starts the server as the image
# would and asks its health check. Packages are looked up in the machine's own Debian or Ubuntu and not installed. With --restore, only the copies and the restore.
set -euo pipefail
cd "$(dirname "$0")/.."
only_restore=false
[ "${1:-}" = --restore ] && only_restore=true

root=$(mktemp -d)
server=
trap '[ -n "$server" ] && kill "$server" && wait "$server" || true; rm -rf "$root"' EXIT
chmod 755 "$root"

# What .dockerignore lets in.
mkdir "$root/context"
sed -n 's/^!//p' .dockerignore | tar -c --exclude=bin --exclude=obj -T - | tar -x -C "$root/context"

declare -A stages
stage= workdir=/ user= health= entrypoint=
environment=()
# Paths of the image are in the stage's folder.
inside() { sed -E "s#(^|[ =\"])/(src|out|app|data)\b#\1$stage/\2#g" <<<"$1"; }
words() { python3 -c 'import json,sys; print("\n".join(json.loads(sys.argv[1])))' "$1"; }
step() {
    local instruction=${1%% *} rest=${1#* }
    echo "== $1"
    case $instruction in
    FROM)
        stage=$root/${rest##* }
        [[ $rest == *" AS "* ]] || stage=$root/image
        mkdir "$stage"
        stages[${rest##* }]=$stage
        workdir=/
        ;;
    WORKDIR) workdir=$rest && mkdir -p "$stage$workdir" ;;
    COPY)
        local from=$root/context
        if [[ $rest == --from=* ]]; then
            from=${rest%% *} && from=${stages[${from#--from=}]}
            rest=${rest#* }
        fi
        local files=(${rest% *}) target=${rest##* }
        [[ $target == /* ]] && target=$stage$target || target=$stage$workdir/$target
        # A single folder's content goes into the target, as Docker has it.
        if [ ${#files[@]} = 1 ] && [ -d "$from/${files[0]}" ]; then
            mkdir -p "$target" && cp -r "$from/${files[0]}/." "$target"
        else
            for file in "${files[@]}"; do cp "$from/$file" "$target"; done
        fi
        ;;
    RUN)
        if [[ $rest == apt-get* ]]; then
            $only_restore && return
            local packages
            packages=$(sed -E 's/.*--no-install-recommends (.*) && rm .*/\1/' <<<"$rest")
            apt-get install --simulate --no-install-recommends $packages >/dev/null
            return
        fi
        $only_restore && rest=${rest/"dotnet publish silo -c Release -r linux-x64 -o /out"/dotnet restore silo}
        (cd "$stage$workdir" && bash -euc "$(inside "$rest")" </dev/null)
        if $only_restore; then exit 0; fi
        ;;
    ENV) for pair in $rest; do environment+=("$(inside "$pair")"); done ;;
    USER) user=$rest ;;
    HEALTHCHECK) health=${rest#*CMD } ;;
    ENTRYPOINT) entrypoint=$(inside "$(words "$rest")") ;;
    VOLUME | EXPOSE) ;;
    *) echo "no way to run $instruction" >&2 && exit 1 ;;
    esac
}
while read -r line; do step "$line"; done < <(sed -e '/^#/d' -e '/^$/d' Dockerfile | sed -e ':a' -e '/\\$/N; s/\\\n *//; ta')

cd /
listen=("${environment[@]/\*:/127.0.0.1:}")
setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups env -i "${listen[@]}" "$entrypoint" >"$root/log" 2>&1 &
server=$!
mapfile -t check < <(words "$health")
for _ in $(seq 100); do
    if "${check[@]}"; then
        echo "healthy; the image has $(du -sm "$stage/app" | cut -f1) MB of the server"
        exit 0
    fi
    kill -0 "$server" || break
    sleep 0.1
done
cat "$root/log"
exit 1
