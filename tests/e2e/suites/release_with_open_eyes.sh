# Before anything is sent: who reads it, who does not, its marking, what changes; a question at a terminal; a dry run.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem iem tem
start_suite || fail "the suite does not start"
recorded() { as jp denial list --json | grep -o 'partners/jp/denials/[0-9A-Za-z.-]*' | sort -u | wc -l; }

step "a dry run says what would be, and records nothing"
denial 1 jp,kr > "$work/d.json"
as jp --dry-run denial notify "$work/d.json" > "$work/out" 2> "$work/shown" || fail "$(cat "$work/shown")"
grep -q '^partners/jp/denials/1  would be recorded, readable by jp, kr  ' "$work/out" || fail "not what would be: $(cat "$work/out")"
as jp --json --dry-run denial notify "$work/d.json" 2>/dev/null | python3 -c '
import json, sys
stamp = json.load(sys.stdin)["validated"]
assert stamp["name"] == "partners/jp/denials/1" and "index" not in stamp and "ruling" in stamp, stamp' || fail "JSON"
[ "$(recorded)" = 0 ] || fail "a dry run recorded something"
sed 's/"country": "[a-z]*"/"country": "zz"/' "$work/d.json" > "$work/bad.json"
refused body.content.destination.country as jp --dry-run denial notify "$work/bad.json" || fail "the service's checks are not run"
refused "holds nothing" as jp --dry-run --hold "$work/held" denial notify "$work/d.json" || fail "a dry run and held at once"

publish_annex
alert a1 > "$work/alert.json"
entente proposal new | sed 's/"reference": "[^"]*"/"reference": "p1"/' > "$work/proposal.json"
as jp --dry-run alert send "$work/alert.json" 2>/dev/null | grep -q '^partners/jp/alerts/a1  would be recorded' || fail "not of alerts"
as jp --dry-run proposal send "$work/proposal.json" > "$work/out" 2>&1 || fail "not of proposals: $(cat "$work/out")"
grep -q 'partners/jp/proposals/p1  would be recorded' "$work/out" || fail "$(cat "$work/out")"
for verb in "follow leem --save $work/inbox" "sign $work/d.json"; do
  refused "is for verbs that send" as jp --dry-run $verb || fail "$verb ignores --dry-run"
done
[ ! -e "$work/inbox" ] || fail "follow saved something"

step "who reads it, who does not, and how it is marked"
grep -q '^signing 1 for jp, kr$' "$work/shown" && grep -q '^  not for au, nz$' "$work/shown" &&
  grep -q '^  marked OFFICIAL, TLP:AMBER$' "$work/shown" || fail "not shown: $(cat "$work/shown")"

step "at a terminal it asks; no is no"
answer() { # what is typed; then the command
  python3 - "$@" <<'TERMINAL'
import os, pty, sys
typed = sys.argv[1].encode()
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said = b''
asked = False
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if not asked and b'[y/N]' in said:
        asked = True
        os.write(terminal, typed + b'\n')
sys.stdout.buffer.write(said.replace(b'\r\n', b'\n'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
TERMINAL
}
config=$(config_of jp)
unset ENTENTE_YES
for no in n '' nonsense; do
  answer "$no" entente --config "$config" denial notify "$work/d.json" > "$work/out" && fail "sent after \"$no\""
  grep -q NOT_CONFIRMED "$work/out" || fail "not why: $(cat "$work/out")"
done
[ "$(recorded)" = 0 ] || fail "sent although nobody said yes"
answer y entente --config "$config" denial notify "$work/d.json" > "$work/out" || fail "not sent after yes: $(cat "$work/out")"
grep -q 'Sign and send? \[y/N\]' "$work/out" && grep -q 'partners/jp/denials/1  recorded' "$work/out" || fail "$(cat "$work/out")"
denial 2 > "$work/d2.json"
answer '' entente --config "$config" --yes denial notify "$work/d2.json" > "$work/out" || fail "--yes: $(cat "$work/out")"
grep -q 'y/N' "$work/out" && fail "asked in spite of --yes"
as jp --dry-run denial notify "$work/d2.json" > "$work/out" 2>&1 && grep -q 'recorded already' "$work/out" || fail "what is recorded is tried otherwise than it is sent: $(cat "$work/out")"
denial 3 > "$work/d3.json"
as jp --hold "$work/held" denial notify "$work/d3.json" >/dev/null 2>&1 || fail "not held"
answer n entente --config "$config" submit "$work/held" > "$work/out" && fail "a held document is sent without a yes"
grep -q '^signing 1 for all partners' "$work/out" && grep -q 'Send? \[y/N\]' "$work/out" || fail "$(cat "$work/out")"
[ "$(recorded)" = 2 ] || fail "$(recorded) are recorded"

step "what a later document changes"
sed 's/"item_description": "[^"]*"/"item_description": "Gyroscopes, zwei Stück"/' "$work/d.json" > "$work/amended.json"
as jp denial amend partners/jp/denials/1 "$work/amended.json" --explanation "counted again" >/dev/null 2> "$work/shown" || fail "$(cat "$work/shown")"
grep -q '^changes of partners/jp/denials/1:$' "$work/shown" && grep -q 'item_description.*Gyroscopes, zwei Stück' "$work/shown" || fail "not shown: $(cat "$work/shown")"
grep -q '\[0-9][0-9][0-9]' "$work/shown" && fail "letters are shown as numbers: $(cat "$work/shown")"
[ "$(grep -c '^  modified\|^  added\|^  deleted' "$work/shown")" = 1 ] || fail "more than what changes: $(cat "$work/shown")"
as jp --dry-run denial renew partners/jp/denials/1 --review-date 2016-10-20 > "$work/out" 2>/dev/null || fail "a renewal cannot be tried"
grep -q 'revisions/3  would be recorded' "$work/out" || fail "$(cat "$work/out")"

step "an import, dry"
header=reference,regime_reg_ref,name,address,notifying_government,country,denial_cle,item_description,end_use,reason_for_refusal,entity_type
printf '%s\r\nR/1,JP-1,Penguin Cafe,Ice Shelf,Japan,Antarctica,catch all,Rope,Not stated,Risk,end_user\r\n' "$header" > "$work/in.csv"
as jp --dry-run denial import "$work/in.csv" --to all > "$work/out" 2> "$work/error" || fail "$(cat "$work/error")"
grep -q '^1 denials would be recorded, 0 refused, 0 faulty rows$' "$work/out" || fail "$(cat "$work/out" "$work/error")"
[ "$(recorded)" = 2 ] || fail "a dry import recorded something"

stop_suite TERM
echo "story ends well"
