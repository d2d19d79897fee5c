# Erased by law: the words are gone from the service, from the journal's bytes and from partners' copies; what stays can be proved.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem
start_suite || fail "the suite does not start"
keys=(--directory "$work/pki/directory.textproto" --directory-key "$work/pki/directory.pub")
for i in 1 2 3; do
  denial $i | sed "s/Penguin Instruments Trading/Mrs Example Nr $i/" > "$work/d$i.json"
  as jp denial notify "$work/d$i.json" >/dev/null
done
grep -q "Mrs Example Nr 2" "$work/d2.json" || fail "the sample has another name"
as kr follow leem --save "$work/kr" --until-current >/dev/null 2>&1
name=partners/jp/denials/2
order=(erase leem $name --authority "Sample Data Protection Authority" --legal-basis "Sample Act, order 4/2026")
holds() { grep -qr "Mrs Example Nr $1" "${@:2}"; } # words files…
holds 2 "$work"/leem.db* "$work/kr" || fail "nothing there to erase"

step "it is asked twice, and only the own state is heard"
refused "nothing was sent" as jp "${order[@]}" || fail "erased without --for-good"
refused PROCEDURE_FORBIDS as kr "${order[@]}" --reference kr-1 --for-good || fail "kr erases what is jp's"
refused NOT_FOUND as jp erase leem $name/revisions/2 --authority A --legal-basis B --for-good || fail "a revision that is not there is erased"
as jp denial list --party "example nr 2" 2>/dev/null | grep -q $name || fail "it is gone before its time"

step "the words are gone from answers and from the journal's bytes"
as jp "${order[@]}" --for-good > "$work/receipt" || fail "jp cannot erase"
grep -q "partners/jp/erasures/" "$work/receipt" || fail "$(cat "$work/receipt")"
! holds 2 "$work"/leem.db* || fail "the journal's files still have it"
holds 1 "$work"/leem.db* && holds 3 "$work"/leem.db* || fail "others are gone, too"
! as nz denial list --party "example nr 2" 2>/dev/null | grep -q $name || fail "it is found by a name"
as nz denial history $name | grep -q '(erased)' || fail "its chain does not say so"
as nz denial get $name > "$work/got" || fail "what remains is not shown"
! holds 2 "$work/got" || fail "it is shown"
as nz --json denial history $name | grep -q '"act"' || fail "what others act on is gone, too"
refused NOT_FOUND as jp "${order[@]}" --reference again --for-good || fail "erased twice"
grep -q '"message":"erased"' "$work/suite.log" || fail "the log says nothing"

step "partners' copies: one who had it, one who comes later, one who filters"
as kr follow leem --save "$work/kr" --until-current > "$work/kr.out" 2>&1 || fail "$(cat "$work/kr.out")"
grep -q 'Erasure .*partners/jp/erasures/' "$work/kr.out" || fail "kr is not told: $(cat "$work/kr.out")"
! holds 2 "$work/kr" || fail "kr's copy still has it"
as kr verify "$work/kr" > "$work/verified" || fail "kr's copy does not verify: $(cat "$work/verified")"
as nz follow leem --save "$work/nz" --until-current > "$work/nz.out" 2>&1 || fail "$(cat "$work/nz.out")"
grep -q "DenialNotification .*$name .*erased by entry 3" "$work/nz.out" || fail "$(cat "$work/nz.out")"
as nz verify "$work/nz" >/dev/null || fail "nz's copy does not verify"
as nz --json follow leem --until-current 2>/dev/null | python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert [line.get("erased_at") for line in lines] == [None, 3, None, None], lines
assert "Mrs Example" not in json.dumps(lines[1])' || fail "JSON does not tell what was erased"
as au follow leem --filter originator=kr --until-current > "$work/au.out" 2>&1 || fail "$(cat "$work/au.out")"
grep -q 'Erasure' "$work/au.out" || fail "a filter keeps the order away"

step "a copy that somebody changed is found out"
cp "$work/kr/all/0000000001.entry" "$work/kept"
printf x >> "$work/kr/all/0000000001.entry"
refused PROOF_INVALID as kr verify "$work/kr" || fail "remains that were changed are not found"
cp "$work/kept" "$work/kr/all/0000000001.entry"
cp "$work/kr/all/0000000001.entry" "$work/kr/all/0000000000.entry"
refused PROOF_INVALID as kr verify "$work/kr" || fail "a document that was taken out is not missed"

step "a start, a backup and a restore know it"
entente-admin fsck "$work/leem.db" "${keys[@]}" > "$work/fsck" || fail "$(cat "$work/fsck")"
entente-admin backup "$work/leem.db" "$work/copy.db" "${keys[@]}" >/dev/null || fail "no backup"
! holds 2 "$work/copy.db" || fail "the backup has it"
entente-admin restore "$work/copy.db" "$work/again.db" "${keys[@]}" >/dev/null || fail "no restore"
! holds 2 "$work/again.db" || fail "the restored journal has it"
entente-admin fsck "$work/again.db" "${keys[@]}" | tail -1 > "$work/fsck2" && grep -qxf "$work/fsck2" "$work/fsck" || fail "it is another: $(cat "$work/fsck2" "$work/fsck")"
stop_suite TERM
start_suite || fail "it does not start again"
as nz denial history $name | grep -q '(erased)' || fail "forgotten over a restart"
sed "s/\"reference\": \"3\"/\"reference\": \"2\"/" "$work/d3.json" > "$work/again.json"
as jp denial amend $name "$work/again.json" --explanation "another case" >/dev/null || fail "the chain cannot go on"
as nz denial get $name | grep -q "Nr 3" || fail "the chain does not go on"
