# Rules and binaries, without a container.
step "promtool takes the rules, and their unit tests pass"
need prometheus promtool
(cd deploy/prometheus && promtool check rules rules.yml && promtool test rules rules_test.yml && promtool check config --syntax-only prometheus.yml) \
  > "$work/promtool" 2>&1 || fail "$(tail -5 "$work/promtool")"

step "hardening of the binaries"
for name in entente entente-admin entente-suite $(sed "s/^/entente-/" <<< "$groups"); do
  headers=$(readelf -hldW "$bin/$name")
  grep -q 'Type: *DYN' <<<"$headers" || fail "$name is not position independent"
  grep -q GNU_RELRO <<<"$headers" && grep -qE 'BIND_NOW|FLAGS.*NOW' <<<"$headers" || fail "$name has no full RELRO"
  grep -E 'GNU_STACK' <<<"$headers" | grep -q 'RW ' || fail "$name has an executable stack"
  grep -qE 'R(UN)?PATH' <<<"$headers" && fail "$name looks for libraries where it was built"
  symbols=$(readelf -sW "$bin/$name")
  grep -q __stack_chk_fail <<<"$symbols" || fail "$name has no stack protector"
  grep -qE '__(memcpy|snprintf|vsnprintf|memset|read|strcpy|memmove|fprintf|printf)_chk' <<<"$symbols" || fail "$name is not fortified"
done
ldd "$bin/entente" | grep -E "libsqlite3|libpq" && fail "an agency's program links a database"
# What leaves no trace that can be read off: as it was compiled.
for flag in -fstack-clash-protection -fcf-protection=full; do
  [ ! -e build/release/build.ninja ] || [ "$(uname -m)" != x86_64 ] || grep -q -e "$flag" build/release/build.ninja || fail "compiled without $flag"
done
