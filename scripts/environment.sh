# Sourced by the scripts: makes .venv with venv and pip when absent or out of date.
# The stamp is a copy of what the environment was installed from, and where.
wanted=$(echo "$root" && cat "$root/requirements.lock" "$root/pyproject.toml")
if [ ! -x "$root/.venv/bin/bench" ] || [ "$wanted" != "$(cat "$root/.venv/installed" 2>/dev/null)" ]; then
    python=${PYTHON:-python3}
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$python is not Python 3.11 or newer; name one: PYTHON=python3.12 $0" >&2
        exit 2
    fi
    echo "installing into .venv (once; about two minutes) …" >&2
    clear=
    # The scripts of one that was moved name the old place.
    [ "$(head -n 1 "$root/.venv/installed" 2>/dev/null)" = "$root" ] || clear=--clear
    "$python" -m venv $clear "$root/.venv"
    "$root/.venv/bin/pip" install --quiet --disable-pip-version-check \
        --requirement "$root/requirements.lock"
    "$root/.venv/bin/pip" install --quiet --disable-pip-version-check \
        --no-deps --no-build-isolation --editable "$root"
    printf '%s\n' "$wanted" >"$root/.venv/installed"
fi
