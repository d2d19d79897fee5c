# Four eyes: a state asks for two officers on each document, each signs on a machine of his own, and nothing counts before.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem
directory=$work/pki/directory.textproto
entente pki issue "$work/pki" --state jp --agency licensing --officer officer-2 >/dev/null
sed -i '0,/state: "jp"/s//state: "jp" signatures_required: 2 signatures_required_serial: 1/' "$directory"
entente directory sign "$directory" --key "$work/pki/directory.key" >/dev/null
start_suite || fail "the suite does not start"

# Each officer's configuration has his own key alone.
jp=$work/pki/agencies/jp/licensing
one() { ENTENTE_CONFIG=$jp/one.textproto entente "$@"; }
two() { ENTENTE_CONFIG=$jp/two.textproto entente "$@"; }
for officer in 1 2; do
  name=$([ $officer = 1 ] && echo one || echo two)
  { grep -v '^signers' "$jp/client.textproto"
    echo "signers { certificate_file: \"officers/officer-$officer.crt\" key_file: \"officers/officer-$officer.key\" }"; } > "$jp/$name.textproto"
done

step "one officer alone records nothing"
denial 1 > "$work/d.json"
refused SIGNATURE_MISSING one denial notify "$work/d.json" || fail "one signature is enough"
one denial notify "$work/d.json" --hold "$work/d.signed" 2>/dev/null || fail "it is not held"
[ "$(stat -c %a "$work/d.signed")" = 600 ] || fail "others can read what is held"
refused "is there already" one denial notify "$work/d.json" --hold "$work/d.signed" || fail "what is held is replaced"
refused SIGNATURE_MISSING one submit "$work/d.signed" || fail "what one has signed is sent"
refused SIGNATURE_MISSING one sign "$work/d.signed" || fail "one officer signs twice"

step "the other sees what he signs, and then it is sent"
cp "$work/d.signed" "$work/before"
two sign --show "$work/d.signed" > "$work/shown" 2> "$work/who" || fail "$(cat "$work/who")"
grep -q '"reference": "1"' "$work/shown" || fail "the document is not shown"
grep -q 'officer-1; 1 of 2' "$work/who" || fail "$(cat "$work/who")"
cmp -s "$work/d.signed" "$work/before" || fail "--show signs"
two sign "$work/d.signed" > /dev/null 2> "$work/who" || fail "$(cat "$work/who")"
grep -q '2 of 2' "$work/who" || fail "$(cat "$work/who")"
one submit "$work/d.signed" > "$work/receipt" || fail "it is not sent"
grep -q partners/jp/denials/1 "$work/receipt" || fail "$(cat "$work/receipt")"
as kr follow leem --save "$work/kr" --until-current > "$work/kr.out" 2>&1 || fail "$(cat "$work/kr.out")"
grep -q partners/jp/denials/1 "$work/kr.out" || fail "kr does not see it"

step "who has no key drafts; each officer sees what changed since he saw it last"
grep -v '^signers' "$jp/client.textproto" > "$jp/clerk.textproto"
clerk() { ENTENTE_CONFIG=$jp/clerk.textproto entente "$@"; }
denial 3 > "$work/d3.json"
clerk draft "$work/d3.json" -o "$work/d3" 2> "$work/said" || fail "$(cat "$work/said")"
grep -q 'signing 1 for all partners' "$work/said" || fail "who will read it is not said"
[ "$(stat -c %a "$work/d3")" = 600 ] || fail "others can read the draft"
refused "is a draft" two submit "$work/d3" || fail "a draft is sent"
two sign --show "$work/d3" >/dev/null 2> "$work/said" || fail "$(cat "$work/said")"
grep -q 'nobody has signed it' "$work/said" || fail "$(cat "$work/said")"
rm "$work/d3"
sed 's/Weather balloon stabilisation/Rain gauges/' "$work/d3.json" > "$work/d3b.json"
clerk denial notify "$work/d3b.json" --hold "$work/d3" 2>/dev/null || fail "who has no key cannot hold a draft"
two sign "$work/d3" >/dev/null 2> "$work/said" || fail "$(cat "$work/said")"
grep -q 'changes of 3 since you saw it here' "$work/said" || fail "$(cat "$work/said")"
grep -q 'Weather balloon stabilisation.*-> .*Rain gauges' "$work/said" || fail "the change is not shown: $(cat "$work/said")"
[ "$(grep -c modified "$work/said")" = 1 ] || fail "more is said to differ: $(cat "$work/said")"
refused SIGNATURE_MISSING two submit "$work/d3" || fail "one signature is enough for a draft"
one sign "$work/d3" >/dev/null 2>&1 || fail "the other cannot sign"
one submit "$work/d3" >/dev/null || fail "what was drafted and signed is not sent"

step "a revision is held and signed alike"
one denial amend partners/jp/denials/1 "$work/d.json" --explanation "typing error" --hold "$work/r.signed" 2>/dev/null || fail "a revision is not held"
two sign "$work/r.signed" >/dev/null 2>&1 || fail "a revision is not signed"
two submit "$work/r.signed" >/dev/null || fail "a revision is not sent"

step "what was changed after it was signed is refused, and so is another agency's"
denial 2 > "$work/d2.json"
one denial notify "$work/d2.json" --hold "$work/d2.signed" 2>/dev/null
python3 - "$work/d2.signed" <<'PYTHON'
import base64, json, sys
held = json.load(open(sys.argv[1]))
held["document"] = base64.b64encode(base64.b64decode(held["document"]).replace(b"2016", b"2015", 1)).decode()
json.dump(held, open(sys.argv[1], "w"))
PYTHON
refused SIGNATURE_INVALID two sign "$work/d2.signed" || fail "what was changed is signed"
refused ORIGINATOR_MISMATCH as kr sign "$work/before" || fail "kr signs for jp"
refused "not a\|Cannot find field" two sign "$work/d.json" || fail "what nobody has signed is shown as signed"
