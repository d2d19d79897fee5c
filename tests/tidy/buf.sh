#!/usr/bin/env bash
# Lints the protos and compares them with the baseline that clients were built from. Skips (77) where
# npx, or the registry it installs buf from, is not there.
cd "$(dirname "$0")/../../proto" || exit 1
command -v npx >/dev/null || { echo "no npx: skipped"; exit 77; }
buf() { timeout 120 npx -y @bufbuild/buf@1 "$@"; }
buf --version >/dev/null 2>&1 || { echo "buf cannot be installed: skipped"; exit 77; }
buf lint && buf breaking --against ../tests/testdata/proto/baseline.binpb
