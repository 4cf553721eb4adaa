#!/bin/sh
# Set up what `make` needs: `setup.sh runtime`, `setup.sh dev` (all of runtime too) or `setup.sh peers`.
# Every package comes from a hash-locked list, so two machines get the same octets.
set -eu
cd "$(dirname "$0")/.."

lacking() {
    echo "ferraris: $1" >&2
    echo "ferraris: on Debian or Ubuntu: $2" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    lacking "no Python 3.11 or newer was found" "sudo apt-get install python3 python3-venv"
}

make_venv() { # folder
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        lacking "$python lacks the modules venv and ensurepip" "sudo apt-get install python3-venv"
    if ! "$1/bin/python" -c 'import pip' 2>/dev/null; then
        echo "ferraris: making $1 with $python" >&2
        rm -rf "$1"
        "$python" -m venv "$1"
    fi
}

install() { # folder, list
    echo "ferraris: installing $2 (once; some minutes on a slow line)" >&2
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$2" ||
        lacking "the packages of $2 could not be installed; is a package index reachable?" \
            "set the index in pip's configuration, then run make again"
}

install_ferraris() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --no-deps --no-build-isolation --editable .
}

case "$1" in
runtime)
    make_venv .venv
    install .venv requirements/runtime.txt
    install_ferraris
    touch .venv/.runtime
    ;;
dev)
    make_venv .venv
    install .venv requirements/dev.txt
    install_ferraris
    touch .venv/.runtime .venv/.dev
    ;;
peers)
    # Foreign implementations for the interoperability tests and the benchmarks. Some are under the GPL: they live in an
    # environment of their own and run in processes of their own. Without them their tests skip and say so.
    make_venv .cache/peers/venv
    if .cache/peers/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        -r requirements/peers.txt; then
        touch .cache/peers/.ready
    else
        echo "ferraris: the foreign implementations could not be installed; their tests will skip" >&2
    fi
    ;;
*)
    echo "usage: setup.sh runtime|dev|peers" >&2
    exit 2
    ;;
esac
