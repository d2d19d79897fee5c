# A client in TypeScript, of stock packages from npm: it pushes, alone and at once, follows, and verifies by itself.
# Skips (77) where npm, or the registry that it installs from, is not there.
source "$(dirname "$0")/../lib.sh" "$1"
command -v npm >/dev/null || { echo "no npm: skipped"; exit 77; }
mkdir "$work/ts" && cp "$root"/tests/e2e/typescript/* "$work/ts"
(cd "$work/ts" && timeout 180 npm install --no-package-lock --no-audit --no-fund --ignore-scripts) > "$work/npm.log" 2>&1 ||
  { echo "the packages cannot be installed: skipped"; exit 77; }
step "it compiles, strictly"
(cd "$work/ts" && npm run --silent build) > "$work/tsc.log" 2>&1 || fail "$(cat "$work/tsc.log")"
step "it pushes, follows and verifies"
make_regime
start_suite || fail "the suite does not start"
lite_rows 1000 > "$work/denials.csv"
as jp denial import "$work/denials.csv" --to all > /dev/null 2>&1 || fail "no import"  # at once
(cd "$work/ts" && node out/client.js "localhost:$port" "$work/pki" "$root/proto") > "$work/said" 2>&1 || fail "$(cat "$work/said")"
grep -q 'verified by TypeScript: 1003 documents' "$work/said" || fail "$(cat "$work/said")"
step "and what it pushed is everybody's"
as kr follow leem --save "$work/kr" --until-current > /dev/null 2>&1
as kr verify "$work/kr" > "$work/verified" 2>&1 || fail "$(cat "$work/verified")"
as kr denial list --json | grep -c '"name":"partners/jp/denials/ts-' | grep -qx 3 || fail "kr does not have them"
stop_suite TERM
echo "story ends well"
