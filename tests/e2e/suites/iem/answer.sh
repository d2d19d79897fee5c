# Sightings and assessments: to the same or a narrower audience; the board is the originator's.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime iem
start_suite || fail "the suite does not start"

alert 1 | listed jp,kr,nz > "$work/alert.json"
as jp alert send "$work/alert.json" >/dev/null

step "kr answers to jp alone, nz to all who have the alert"
as kr alert sight partners/jp/alerts/1 --result seen-and-acted --text "stopped at the port" --country aq --reference 1 >/dev/null
as nz alert sight partners/jp/alerts/1 --result not-seen --to kr --reference 1 >/dev/null
as kr alert assess partners/jp/alerts/1 --usefulness acted-on --text "led to a seizure" --reference 2 >/dev/null
as jp alert answers partners/jp/alerts/1 --json > "$work/board"
[ "$(wc -l < "$work/board")" -eq 3 ] || fail "the board has $(wc -l < "$work/board") answers"
grep -q "stopped at the port" "$work/board" || fail "no sighting on the board"
as nz alert answers partners/jp/alerts/1 --json > "$work/others"
[ "$(wc -l < "$work/others")" -eq 1 ] || fail "nz sees what was not released to it"
as kr alert answers partners/jp/alerts/1 | grep -q "not seen" || fail "kr does not see nz's word"

step "never wider than the alert, never by a state that has it not, never by the wrong kind"
refused RELEASE_NEEDED as kr alert sight partners/jp/alerts/1 --result seen --to au || fail "a wider answer"
refused RELEASE_NEEDED as kr alert sight partners/jp/alerts/1 --result seen --to all || fail "a public answer"
refused NOT_FOUND as au alert sight partners/jp/alerts/1 --result seen || fail "au answers what it cannot read"
refused PROCEDURE_FORBIDS as kr rfi reply partners/jp/alerts/1 --kind nothing-held || fail "a reply to an alert"
