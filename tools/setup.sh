#!/bin/sh
# Set up what `make` needs: `setup.sh runtime`, or `setup.sh dev` (all of runtime too).
# Every package comes from a hash-locked list, so two machines get the same octets.
set -eu
cd "$(dirname "$0")/.."

lacking() { # what is lacking, what to do about it
    echo "ferraris: $1" >&2
    echo "ferraris: $2" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    lacking "no Python 3.11 or newer was found" "on Debian or Ubuntu: sudo apt-get install python3 python3-venv"
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        lacking "$python lacks the modules venv and ensurepip" "on Debian or Ubuntu: sudo apt-get install python3-venv"
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        echo "ferraris: making .venv with $python" >&2
        rm -rf .venv
        "$python" -m venv .venv
    fi
}

install() { # list
    echo "ferraris: installing $1 (once; some minutes on a slow line)" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$1" ||
        lacking "the packages of $1 could not be installed" \
            "pip says why above; if no package index can be reached, name yours in pip's configuration"
}

install_ferraris() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --editable .
    .venv/bin/python -c 'import sys; from ferraris.codec.records import COMPILED; sys.exit(not COMPILED)' || {
        echo "ferraris: no C compiler, or no headers of Python: profiles and pushes will be decoded by Python alone, slower" >&2
        echo "ferraris: on Debian or Ubuntu: sudo apt-get install gcc python3-dev; then: make clean, and again" >&2
    }
}

case "$1" in
runtime)
    make_venv
    install requirements/runtime.txt
    install_ferraris
    touch .venv/.runtime
    ;;
dev)
    make_venv
    install requirements/dev.txt
    install_ferraris
    touch .venv/.runtime .venv/.dev
    ;;
*)
    echo "usage: setup.sh runtime|dev" >&2
    exit 2
    ;;
esac
