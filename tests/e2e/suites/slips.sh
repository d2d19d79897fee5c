# An officer's slips: the same file again, a number that is taken, a reader who is none, a revision that would change readers.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem iem tem
start_suite || fail "the suite does not start"

step "a receipt says who reads it, and what now holds"
denial 1 jp,kr > "$work/1.json"
as jp denial notify "$work/1.json" > "$work/receipt" || fail "not sent"
grep -q '^partners/jp/denials/1  recorded .*  readable by jp, kr  lapsed since 2019-10-03' "$work/receipt" || fail "$(cat "$work/receipt")"
denial recent | sed "/decision_date/s/2016/$(date -d 'last year' +%Y)/" > "$work/recent.json"
as jp denial notify "$work/recent.json" | grep -q '  in force until 20' || fail "a recent denial is not in force"

step "the same file again is no second document, and no fault"
as jp denial notify "$work/1.json" > "$work/again" 2> "$work/said" || fail "$(cat "$work/said")"
cmp -s "$work/receipt" "$work/again" || fail "another receipt: $(cat "$work/again")"
grep -q 'partners/jp/denials/1 is recorded already, since 20' "$work/said" || fail "$(cat "$work/said")"
alert 1 > "$work/a.json"
as jp alert send "$work/a.json" > "$work/receipt" || fail "no alert"
as jp alert send "$work/a.json" > "$work/again" 2>/dev/null || fail "the same alert again is refused"
cmp -s "$work/receipt" "$work/again" || fail "another receipt: $(cat "$work/again")"
as jp denial list --json | grep -c '"name"' | grep -qx 2 || fail "there is another denial"

step "another document of that number is told what has it"
denial 1 > "$work/other.json"
as jp denial notify "$work/other.json" > /dev/null 2> "$work/said" && fail "a number has two documents"
grep -q 'number 1 is taken: partners/jp/denials/1 was recorded 20.*says something else' "$work/said" || fail "$(cat "$work/said")"
as kr denial notify "$work/other.json" > /dev/null || fail "kr's number 1 is another"

step "a reader who is no partner is told, and nothing is recorded"
denial 2 jp,ke > "$work/2.json"
refused 'ke is not a partner, and would receive nothing' as jp denial notify "$work/2.json" || fail "ke gets it"
as jp denial list --json | grep -q 'denials/2' && fail "it was recorded"

step "an operator is named only where a service has refused"
grep -q '(request [0-9a-f]*; the operator finds it' <(as jp denial notify "$work/other.json" 2>&1) && fail "what this program says is not in a service's log"
grep -q '(request [0-9a-f]*; the operator finds it' <(as jp denial get partners/jp/denials/none 2>&1) || fail "no id of a call that a service refused"

step "a revision keeps its readers and its number"
denial 1 > "$work/wider.json"
refused 'audience: is all partners, and a chain stays with its readers, jp, kr' as jp denial amend partners/jp/denials/1 "$work/wider.json" --explanation "all may know" || fail "an audience in the file is ignored"
denial 9 jp,kr > "$work/9.json"
refused 'the file is 9, and you are revising partners/jp/denials/1' as jp denial amend partners/jp/denials/1 "$work/9.json" --explanation "typing error" || fail "another case's file is taken"
as jp denial amend partners/jp/denials/1 "$work/1.json" --explanation "typing error" > /dev/null || fail "not amended"
alert 1 | listed jp,kr > "$work/narrow.json"
refused 'audience: is jp, kr, and a chain stays with its readers' as jp alert update partners/jp/alerts/1 "$work/narrow.json" || fail "an alert's audience is ignored"

step "a slip of the fingers: what was meant"
slip() { # what it says; then what was typed
  local said=$1; shift
  entente "$@" > "$work/out" 2>&1 && fail "entente $*: done"
  [ $? = 1 ] && grep -qF -- "$said" "$work/out" || fail "entente $*: $(cat "$work/out")"
}
slip 'denail is no command; nearest: denial' denail list
slip 'lst is no verb of denial; nearest: list' denial lst
slip 'known: new, notify' denial lst
slip '--hlep is no option; nearest: --help' denial --hlep
slip '--sav is no option; nearest: --save' follow leem --sav x
slip 'denail is no command' --config x denail
slip 'wants one of: ' ledger
slip 'name is required' denial get
printf 'reference,name,adress\r\n' > "$work/in.csv"
as jp denial import "$work/in.csv" --to all > "$work/out" 2>&1 && fail "a header of another form"
grep -q 'lacks the columns regime_reg_ref, address, ' "$work/out" && grep -q 'not known: adress$' "$work/out" || fail "$(cat "$work/out")"

step "what may be written is listed, and a fault in a file has its place"
as jp codes reason_codes > "$work/out" 2>&1
grep -q 'DIVERSION  *Risk of diversion' "$work/out" || fail "$(cat "$work/out")"
as jp codes DenialAct > "$work/out" 2>&1
grep -q 'DENIAL_ACT_SUBSTANTIALLY_LIMITED  *substantially limited' "$work/out" || fail "$(cat "$work/out")"
refused 'nearest: reason_codes' as jp codes reason_code || fail "no nearest list"
as jp partners > "$work/out" 2>/dev/null
grep -qE '^kr +licensing +' "$work/out" || fail "$(cat "$work/out")"
printf '{\n  // a comment\n  "reference": "9"\n  "audience": {}}\n' > "$work/broken.json"
refused 'broken.json:4:3: Expected' as jp denial notify "$work/broken.json" || fail "no place"
sed 's/"country": "aq"/"country": "zz"/' "$work/d.json" > "$work/faulty.json" 2>/dev/null || denial 9 | sed 's/"country": "aq"/"country": "zz"/' > "$work/faulty.json"
as jp --json denial notify "$work/faulty.json" > "$work/out" 2> "$work/error" && fail "there is no zz"
tail -1 "$work/error" | python3 -c '
import json, sys
said = json.loads(sys.stdin.read())
assert said["reason"] == "FIELD_INVALID" and any("destination.country" in v["field"] for v in said["violations"]), said' || fail "$(cat "$work/error")"

step "both programs complete in one shell"
words() { # program
  bash -c 'source <(entente completion); source <(entente-admin completion)
    COMP_WORDS=("$1" ""); COMP_CWORD=1; function=$(complete -p "$1" | sed "s/.* -F \([^ ]*\) .*/\1/"); "$function"; echo "${COMPREPLY[*]}"' - "$1"
}
cd "$work" && words entente | grep -q 'denial' && words entente-admin | grep -q 'fsck' || fail "$(words entente; words entente-admin)"
words entente | grep -q fsck && fail "one program completes as the other"

stop_suite TERM
echo "story ends well"
