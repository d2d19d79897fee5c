# Bulk import of a LITE CSV, twice, received, verified, exported the same.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime
start_suite || fail "the suite does not start"
csv=$root/../shared/data/denials-meti.lite.csv
if [ ! -f "$csv" ]; then
  csv=$work/sample.csv
  lite_rows 300 > "$csv"
fi
step "nobody's eyes are assumed"
refused 'say who may read it: --to all' as jp denial import "$csv" || fail "an import without --to goes to somebody"
refused 'ke is no partner by directory' as jp denial import "$csv" --to ke || fail "ke is a reader"
step "in completely, twice, with the same result"
first=$(as jp denial import "$csv" --to all --format lite --json)
grep -q '"before":0,' <<<"$first" || fail "$first: all are new"
second=$(as jp denial import "$csv" --to all --format lite --json)
count=$(grep -o '"recorded":[0-9]*' <<<"$first" | cut -d: -f2)
[ "$(sed "s/\"before\":0/\"before\":$count/" <<<"$first")" = "$second" ] || fail "$first, then $second"
grep -q '"refused":0,"faulty_rows":0' <<<"$first" || fail "$first"
count=$(as jp denial list --json | wc -l)
grep -q "\"recorded\":$count," <<<"$first" || fail "$first but $count listed"
step "a partner has all of them, and they verify"
[ "$(as kr follow leem --save "$work/kr" --until-current 2>/dev/null | wc -l)" -eq "$count" ] || fail "follow"
as kr verify "$work/kr" | grep -q "$count entries" || fail "verify"
step "export gives the same rows back"
as kr denial export --format lite | cmp - "$csv" || fail "export differs"
step "a filter skips, and the ledger still verifies"
as nz follow leem --filter 'leem.destination=aq AND originator=jp' --cursor "$work/nz.cursor" --until-current >/dev/null 2>&1 || fail "filter"
step "pasted text, with the line ends of Windows and the letters of macOS, is taken, and the change is said"
printf 'reference,regime_reg_ref,name,address,notifying_government,country,denial_cle,item_description,end_use,reason_for_refusal,entity_type\r\nR/1,JP-PASTED,"Penguin Cafe\xcc\x81",Ice Shelf,Japan,Antarctica,catch all,"Not\r\nstated",Not stated,Risk,end_user\r\n' > "$work/pasted.csv"
as jp denial import "$work/pasted.csv" --to all --format lite --json >"$work/pasted" 2>"$work/said" || fail "$(cat "$work/said")"
grep -q '"recorded":1' "$work/pasted" && grep -q 'pasted.csv:2: name: ' "$work/said" && grep -q 'pasted.csv:2: item_description: ' "$work/said" || fail "$(cat "$work/pasted" "$work/said")"
as jp denial new | sed 's/Weather balloon stabilisation/Weather\\r\\nballoons, cafe\\u0301/' > "$work/pasted.json"
as jp denial notify "$work/pasted.json" --json >"$work/pasted" 2>"$work/said" || fail "$(cat "$work/said")"
grep -q '^body.content.end_use.text: ' "$work/said" || fail "$(cat "$work/said")"
stop_suite TERM
echo "story ends well"
