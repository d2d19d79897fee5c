# Trends from both groups: what two states say is suppressed, what three say is shown; a page of it.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime leem iem
start_suite || fail "the suite does not start"
for state in jp kr; do
  alert t > "$work/t.json"; as $state alert send "$work/t.json" >/dev/null
  denial t > "$work/d.json"; as $state denial notify "$work/d.json" >/dev/null
done

step "two states are too few, whatever their number"
alert t2 > "$work/t.json"; as jp alert send "$work/t.json" >/dev/null
as nz trend --by method --json > "$work/few"
grep -q FALSE_END_USE "$work/few" && fail "two states are shown"
grep -q '"suppressed_cells":"[1-9]' "$work/few" || fail "it is not said that something is suppressed"

step "a third state's word shows the cell, to those who read all three, in both groups"
alert t > "$work/t.json"; as nz alert send <(listed au,nz < "$work/t.json") >/dev/null
denial t > "$work/d.json"; as nz denial notify "$work/d.json" >/dev/null
as au trend --by method --group iem --json | grep -q FALSE_END_USE || fail "three states are not shown to au"
as kr trend --by method --group iem --json | grep -q FALSE_END_USE && fail "kr's figures count what kr cannot read"
month=$(grep -o '"decision_date": {[^}]*}' "$work/d.json" | sed 's/[^0-9 ]//g' | awk '{printf "%04d-%02d", $1, $2}')
as kr trend --by act,destination,item --group leem --from "$month" --until "$month" --json > "$work/leem"
grep -q '"aq"' "$work/leem" || fail "LEEM counts no destination"
[ "$(wc -l < "$work/leem")" -eq 3 ] || fail "not a table each"

step "tables and bars for people; one page for all, which fetches nothing"
as au trend --by method --group iem | grep -q FALSE_END_USE || fail "no table"
as au trend --html "$work/trend.html"
grep -q '<svg' "$work/trend.html" || fail "no chart"
grep -q '<table' "$work/trend.html" || fail "no numbers beside the charts"
grep -qiE 'suppress' "$work/trend.html" || fail "what was suppressed is not said"
grep -qE 'src=|href=|@import' "$work/trend.html" && fail "the page fetches something"
refused "no group" as au trend --by weather || fail "an unknown dimension"
