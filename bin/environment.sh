# Sourced by the other commands: `environment LOCK` makes .venv from that lock file, with Python 3.11 or 3.12.

cd "$(dirname "$0")/.." || exit 1

is_made() {
    cmp -s .venv/installed "$1" || cmp -s .venv/installed requirements-dev.txt || return
    .venv/bin/python -c 'import django' >/dev/null 2>&1
}

suits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' >/dev/null 2>&1
}

environment() {
    [ -z "${PYTHON:-}" ] && is_made "$1" && return
    if [ -n "${PYTHON:-}" ]; then
        candidates=$PYTHON
    else
        candidates="python3.11 python3.12 python3 python"
    fi
    for python in $candidates; do
        if suits "$python"; then
            "$python" bin/environment.py "$1" || exit 1
            return
        fi
    done
    echo "Roster needs Python 3.11 or 3.12 with venv, and found $(versions): install one, or name it in PYTHON." >&2
    exit 1
}

versions() {
    found=""
    for python in $candidates; do
        version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        found="$found${found:+, }$python $version"
    done
    echo "${found:-none}"
}
