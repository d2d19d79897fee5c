# Editions: imported and exported exactly, cited for ever, in every form; who applies which.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime tem
start_suite || fail "the suite does not start"

step "only the chair publishes, and only what was approved"
as jp annex import "$root/deploy/sample/miniature-annex.csv" --edition 2016-03-17 --title "Miniature Annex" -o "$work/annex.json" 2>/dev/null
refused CALLER_NOT_ENTITLED as kr annex approve "$work/annex.json" --decision x || fail "kr approved"
refused NOT_FOUND as jp annex publish "$work/annex.json" || fail "published without approval"
publish_annex
refused 'published already' as jp annex approve "$work/annex.json" --decision x --reference again || fail "twice"

step "import and export are each other's inverse"
as nz annex export --format csv | cmp - "$root/deploy/sample/miniature-annex.csv" || fail "CSV"
as nz annex export --format json -o "$work/out.json"
as jp annex import "$work/out.json" -o "$work/again.json" 2>/dev/null
cmp "$work/out.json" "$work/again.json" || fail "JSON"
as nz annex export --format text | grep -q '2 (Category II)  \[reserved\]' || fail "text"
as nz annex export --format html > "$work/clean.html"
grep -q 'Kites that reach 500 m' "$work/clean.html" || fail "page"

step "renumbered and moved: a citation is found in its own edition for ever, and by its id in others"
proposal 1 '[{"renumber": {"node": "balloon-valves", "label": "9"}}, {"move": {"node": "balloon-ropes", "parent": "kites-equipment", "label": "2", "after": "kite"}}, {"remove": {"node": "rubber", "reserve": true}}]' |
  sed 's/EFFECT_ADDS/EFFECT_NEUTRAL/' > "$work/p.json"
as kr proposal send "$work/p.json" >/dev/null
for state in au jp nz; do position $state kr/proposals/1 joined; done
as jp proposal conclude partners/kr/proposals/1 --outcome agreed --meeting "Busan 2016 TEM" >/dev/null
as jp annex assemble --edition 2016-10-20 -o "$work/next.json" >/dev/null 2>&1
as jp annex approve "$work/next.json" --decision "Plenary" >/dev/null
as jp annex publish "$work/next.json" >/dev/null
as au annex show 3.A.2 --edition 2016-03-17 | grep -qE '2016-10-20 +3.A.9' || fail "not found by its old path"
as au annex show 3.A.9 | grep -qE '2016-03-17 +3.A.2' || fail "not found by its new path"
refused NOT_FOUND as au annex show 3.A.2 || fail "a path of another edition"
as au annex diff 2016-03-17 2016-10-20 > "$work/diff"
grep -q '1.A.2  (moved from 3.A.3)' "$work/diff" || fail "a move is not shown as a move"
grep -q '3.A.9  (renumbered from 3.A.2)' "$work/diff" || fail "no new number"
grep -q '3.C.1  (reserved)' "$work/diff" || fail "not reserved"
[ "$(wc -l < "$work/diff")" -eq 3 ] || fail "more differs than was changed"
as au annex diff 2016-10-20 2016-03-17 | grep -q 'moved from 1.A.2' || fail "not backwards"
as au annex diff 2016-03-17 2016-10-20 --side-by-side | grep -q '3.A.3 Ropes.*┃ 1.A.2 Ropes' || fail "side by side"

step "a reserved number, a node that is not there, a circle, what is there twice"
bad() { # what changes
  proposal bad "$2" | sed 's/2016-03-17/2016-10-20/' > "$work/bad.json"
  refused "$1" as kr proposal send "$work/bad.json" || fail "taken: $2"
}
bad 'body.changes\[0\].replace.node' '[{"replace": {"node": "rubber", "text": "x"}}]'
bad 'reserved number' '[{"add": {"parent": "balloons-materials", "label": "1", "after": "rubber", "node": {"id": "kr-new", "kind": "NODE_KIND_ENTRY"}}}]'
bad 'no node' '[{"remove": {"node": "zeppelin"}}]'
bad 'below itself' '[{"move": {"node": "kites-equipment", "parent": "kite"}}]'
bad 'there twice' '[{"renumber": {"node": "kites-test", "label": "A"}}]'
bad 'refers to' '[{"remove": {"node": "def-height"}}]'

step "who applies which"
as kr annex set-status 2016-10-20 --state in-force --date 2016-12-01 --act "Decree 7" >/dev/null
as nz annex set-status 2016-10-20 --state in-process >/dev/null
refused 'body.act' as jp annex set-status 2016-10-20 --state in-force --date 2016-12-01 || fail "in force by no act"
as au annex status 2016-10-20 | grep -qE 'kr +in force +2016-12-01 +Decree 7' || fail "kr"
as au annex status 2016-10-20 | grep -qE 'au +nothing said' || fail "au"
as au annex status --html "$work/status.html"
grep -q 'since 2016-12-01, Decree 7' "$work/status.html" || fail "no picture"
