#!/bin/sh
# Resolve the dependencies anew and write the lock files: versions and hashes, no index addresses.
# `lock.sh` takes the newest versions that fit; `lock.sh keep` changes only what pyproject.toml asks for.
set -eu
cd "$(dirname "$0")/.."
upgrade=--upgrade
[ "${1:-}" = keep ] && upgrade=

compile() { # output, arguments
    output=$1
    shift
    # shellcheck disable=SC2086 # an empty `upgrade` is to vanish
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" $upgrade --output-file "$output" "$@"
}

compile requirements/dev.txt pyproject.toml --extra build --extra dev
compile requirements/runtime.txt pyproject.toml --extra build --constraint requirements/dev.txt
compile requirements/peers.txt requirements/peers.in
