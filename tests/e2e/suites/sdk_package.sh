# A program outside the tree builds against the installed SDK and does the main job with it.
source "$(dirname "$0")/../lib.sh" "$1"
step "the SDK installs as a CMake package"
cmake --install "$bin/.." --component sdk --prefix "$work/prefix" >/dev/null || fail "install"
step "a program outside the tree finds it and builds"
cmake -G Ninja -S "$root/tests/e2e/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_BUILD_TYPE=Release >"$work/cmake.log" 2>&1 || { tail "$work/cmake.log"; fail "configure"; }
cmake --build "$work/consumer" >"$work/build.log" 2>&1 || { tail "$work/build.log"; fail "build"; }
grep -rqE "(^|[\"; ])$root/" "$work/prefix/lib" --include='*.cmake' && fail "the package names the build tree"
step "it pushes a denial and follows it"
make_regime
start_suite || fail "the suite does not start"
"$work/consumer/consumer" "$work/pki/agencies/jp/licensing/client.textproto" sdk-1 |
  grep -qx partners/jp/denials/sdk-1 || fail "the consumer's denial did not come back"
as kr denial list | grep -q sdk-1 || fail "kr does not see it"
