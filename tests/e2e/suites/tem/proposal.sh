# A proposal from submission over two revisions, a reserve lifted, a block kept, to an edition.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime tem
start_suite || fail "the suite does not start"
publish_annex
text() { echo "[{\"replace\": {\"node\": \"kite\", \"text\": \"Kites that reach $1 m or more.\"}}]"; }

step "kr submits; it is numbered, and everybody has it"
proposal 1 "$(text 300)" > "$work/p.json"
as kr proposal send "$work/p.json" | grep -q 'is TEM/20[0-9]*/PROP/001' || fail "no number"
as au proposal get partners/kr/proposals/1 | grep -q 'state: submitted, text 1' || fail "au does not see it"

step "questions and data, on one place of the text; threaded, with audiences"
as nz proposal comment partners/kr/proposals/1 --kind question --node kite --quote "300 m" --text "Why not 350?" --reference q >/dev/null
as kr proposal comment partners/nz/comments/q --on partners/kr/proposals/1 --kind answer --text "No kite is between." --reference a >/dev/null
as au proposal comment partners/kr/proposals/1 --kind technical-data --text "Our makers reach 280 m." --to nz --reference d >/dev/null
as nz proposal answers partners/kr/proposals/1 | grep -q "280 m" || fail "nz does not see au's data"
as jp proposal answers partners/kr/proposals/1 | grep -q "280 m" && fail "jp sees au's data"
as jp proposal answers partners/kr/proposals/1 | grep -q "No kite is between" || fail "jp does not see the answer"
as jp proposal get partners/kr/proposals/1 | grep -q 'state: under study' || fail "not under study"

step "positions on the first text; a revision ends them"
position jp kr/proposals/1 joined
position nz kr/proposals/1 study-reserve "until Tuesday"
position au kr/proposals/1 block "Say what a kite is first."
refused 'body.text' as nz proposal position partners/kr/proposals/1 --kind block || fail "a block without its text"
proposal 1 "$(text 320)" > "$work/p2.json"
refused PROCEDURE_FORBIDS as nz proposal revise partners/kr/proposals/1 "$work/p2.json" || fail "nz revised it"
as kr proposal revise partners/kr/proposals/1 "$work/p2.json" >/dev/null
as kr proposal get partners/kr/proposals/1 --json | grep -q '"kind":"POSITION_KIND_BLOCK"' && fail "a block on the text before still stands"
refused 'body.kind' as au proposal position partners/kr/proposals/1 --kind lifted || fail "lifted what was not made"
proposal 1 "$(text 350)" > "$work/p3.json"
as kr proposal revise partners/kr/proposals/1 "$work/p3.json" >/dev/null
as kr proposal get partners/kr/proposals/1 | grep -q 'state: revised, text 3' || fail "not the third text"

step "everyone but one is not agreed, whatever the chair says"
as jp proposal sponsor partners/kr/proposals/1 >/dev/null
position nz kr/proposals/1 scrutiny-reserve
refused 'au: has said nothing' as jp proposal conclude partners/kr/proposals/1 --outcome agreed --meeting "Busan 2016 TEM" || fail "agreed without au"
position au kr/proposals/1 block "Say what a kite is first."
refused 'nz: scrutiny reserve' as jp proposal conclude partners/kr/proposals/1 --outcome agreed --meeting "Busan 2016 TEM" || fail "agreed over a reserve"
position nz kr/proposals/1 lifted
refused 'au: does not join' as jp proposal conclude partners/kr/proposals/1 --outcome agreed --meeting "Busan 2016 TEM" || fail "agreed over a block"
refused CALLER_NOT_ENTITLED as kr proposal conclude partners/kr/proposals/1 --outcome not-agreed --meeting x || fail "kr concluded"
as jp proposal conclude partners/kr/proposals/1 --outcome carried-forward --meeting "Busan 2016 TEM" >/dev/null
position au kr/proposals/1 silent
as jp proposal get partners/kr/proposals/1 | grep -q '^agreed by' || fail "not agreed now"
as jp proposal conclude partners/kr/proposals/1 --outcome agreed --meeting "Busan 2016 TEM" >/dev/null
refused CHAIN_ENDED as kr proposal revise partners/kr/proposals/1 "$work/p2.json" || fail "an agreed text was revised"

step "a second one, kept out by a block to the end"
proposal 2 '[{"remove": {"node": "balloon-ropes", "reserve": true}}]' > "$work/ropes.json"
as nz proposal send "$work/ropes.json" >/dev/null
for state in jp kr; do position $state nz/proposals/2 joined; done
position au nz/proposals/2 block "Ropes matter to us."
refused PROCEDURE_FORBIDS as jp proposal conclude partners/nz/proposals/2 --outcome agreed --meeting m || fail "agreed over a block"
as jp proposal conclude partners/nz/proposals/2 --outcome not-agreed --meeting "Busan 2016 TEM" >/dev/null
refused 'not agreed' as jp annex assemble partners/nz/proposals/2 --edition 2016-10-20 -o "$work/no.json" || fail "assembled what is not agreed"

step "a conclusion that leaves out a partner of the reader's directory is not believed"
joined=$work/joined.textproto
cp "$work/pki/directory.textproto" "$joined"
"$root/deploy/pki/issue" authority 3650 "fr export control" "$work/fr"
entente directory add-authority "$joined" --state fr --certificate "$work/fr.crt" 2>/dev/null
entente directory seat "$joined" --state fr --agency customs --seat tem:read 2>/dev/null
entente directory sign "$joined" --key "$work/pki/directory.key"
home=$work/pki/agencies/jp/licensing
sed "s#^directory_file: .*#directory_file: \"$joined\"#" "$home/client.textproto" > "$home/joined.textproto"
grep -q joined "$home/joined.textproto" || fail "the configuration has another form"
later() { ENTENTE_CONFIG=$home/joined.textproto entente annex assemble --edition 2016-10-20 -o "$work/later.json" "$@"; }
refused 'concluded without fr' later || fail "assembled without a partner's word"
later --joined-later fr >/dev/null 2>&1 || fail "a partner who joined later is in the way"

step "assembled, approved, published; what was not approved is not"
as jp annex assemble --edition 2016-10-20 -o "$work/next.json" 2>/dev/null | grep -q '1.A.1 .*text changed .*TEM/20.*PROP/001 .*Busan 2016 TEM, adds' || fail "no cover page"
refused CALLER_NOT_ENTITLED as kr annex approve "$work/next.json" --decision x || fail "kr approved"
as jp annex approve "$work/next.json" --decision "Plenary, Busan" >/dev/null
sed 's/350 m/150 m/' "$work/next.json" > "$work/forged.json"
refused 'not the content that was approved' as jp annex publish "$work/forged.json" || fail "a forged edition"
as jp annex publish "$work/next.json" >/dev/null
as au annex list | grep -q '2016-10-20 *2016-03-17' || fail "not published"
as kr proposal get partners/kr/proposals/1 --json | grep -q '"in_edition":"2016-10-20"' || fail "not in the edition"
as au annex diff 2016-03-17 2016-10-20 | grep -q '1.A.1  (text changed)  Kites that reach \[-500-\] *{+350+}\|1.A.1  (text changed).*\[-500 -\]{+350 +}' || fail "no redline: $(as au annex diff 2016-03-17 2016-10-20)"
as au annex diff 2016-03-17 2016-10-20 --html "$work/redline.html"
grep -q '<ins>350' "$work/redline.html" || fail "no redline page"
grep -qE 'src=|href=|@import' "$work/redline.html" && fail "the page fetches something"

step "a restart changes nothing; what was saved verifies; fsck agrees"
as nz follow tem --save "$work/nz" --until-current >/dev/null 2>&1
before=$(as nz proposal list --json | sha256sum)
stop_suite TERM
as nz verify "$work/nz" | grep -q '^ok' || fail "verify"
as_operator fsck "$work/tem.db" --group tem | grep -q '^ok' || fail "fsck"
start_suite || fail "no restart"
[ "$before" = "$(as nz proposal list --json | sha256sum)" ] || fail "a restart changed the answers"
