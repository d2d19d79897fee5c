# An alert reaches those it names and nobody else, is updated and closed, and names what is wrong.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime iem
start_suite || fail "the suite does not start"

step "an alert for kr and nz reaches both; au cannot tell"
alert 1 | listed jp,kr,nz > "$work/alert.json"
as jp alert send "$work/alert.json" >/dev/null
for state in kr nz; do
  as $state follow iem --save "$work/$state" --until-current 2>/dev/null | grep -q partners/jp/alerts/1 || fail "$state has nothing"
done
[ -z "$(as au follow iem --until-current 2>/dev/null)" ] || fail "au sees it"
refused NOT_FOUND as au alert get partners/jp/alerts/1 || fail "au gets it"
as jp delivery partners/jp/alerts/1 | grep -qE '^nz +[0-9]{4}-' || fail "no acknowledgement of nz"

step "what nz has saved is read without the service, in words and by machines"
as nz alert get partners/jp/alerts/1 --from "$work/nz" | grep -q '^state: open' || fail "get --from"
as nz --json alert get partners/jp/alerts/1 --from "$work/nz" | python3 -c '
import json, sys
assert json.loads(sys.stdin.readline())["document"]["originator"] == "partners/jp/agencies/licensing"' || fail "no JSON of what is saved"

step "an alert is written out, changed, and sent back"
as jp alert edit partners/jp/alerts/1 -o "$work/edited.json" 2>/dev/null || fail "edit"
as jp alert update partners/jp/alerts/1 "$work/edited.json" >/dev/null 2>&1 || fail "what edit writes is not taken"

step "a flash alert that nobody has taken is shown to its originator, and to nobody else"
sed -i 's/flash_acknowledge_minutes: [0-9]*/flash_acknowledge_minutes: 0/' "$work/profile.textproto"
stop_suite TERM
start_suite || fail "no restart"
alert 2 | sed 's/URGENCY_PRIORITY"/URGENCY_FLASH"/' > "$work/flash.json"
as jp alert send "$work/flash.json" >/dev/null
as kr follow iem --cursor "$work/kr/.c" --save "$work/kr2" --until-current >/dev/null 2>&1
as jp alert get partners/jp/alerts/2 --json > "$work/overdue"
grep -q '"unacknowledged' "$work/overdue" || fail "nobody is overdue"
grep -o '"unacknowledged[^]]*]' "$work/overdue" | grep -q '"au"' || fail "au is not overdue"
grep -o '"unacknowledged[^]]*]' "$work/overdue" | grep -q '"kr"' && fail "kr has it"
as kr alert get partners/jp/alerts/2 --json | grep -q '"unacknowledged' && fail "kr sees who has it"
as jp alert update partners/jp/alerts/2 "$work/flash.json" >/dev/null
as jp alert get partners/jp/alerts/2 --json | grep -o '"unacknowledged[^]]*]' | grep -q '"kr"' || fail "kr has only the text before"

step "updated by its own state only, closed; nothing follows an end"
refused PROCEDURE_FORBIDS as kr alert close partners/jp/alerts/1 --outcome closed --explanation x || fail "kr closed it"
sed 's/weather balloons/kites/' "$work/alert.json" > "$work/update.json"
as jp alert update partners/jp/alerts/1 "$work/update.json" >/dev/null
as nz alert get partners/jp/alerts/1 | grep -q kites || fail "nz does not see the update"
as jp alert close partners/jp/alerts/1 --outcome closed --explanation "it worked" >/dev/null
refused CHAIN_ENDED as jp alert update partners/jp/alerts/1 "$work/update.json" || fail "an update after closing"
as kr alert sight partners/jp/alerts/1 --result seen --reference late >/dev/null || fail "the ship was seen after closing"
as jp alert answers partners/jp/alerts/1 --json | grep -q '"late": *true' || fail "not shown as late"
as kr alert get partners/jp/alerts/1 | grep -q "^state: closed" || fail "not closed"
as jp alert close partners/jp/alerts/2 --outcome withdrawn --explanation "mistaken" >/dev/null
as au alert get partners/jp/alerts/2 | grep -q "^state: withdrawn" || fail "not withdrawn"
as jp alert get partners/jp/alerts/2 --json | grep -q '"unacknowledged' || fail "nobody has to learn of the withdrawal"

step "bad input names the field"
bad() { alert 3 | sed "$2" > "$work/bad.json"; refused "$1" as jp alert send "$work/bad.json" || fail "$2 was taken"; }
bad body.topics 's/"KEY_TECHNOLOGY"/"ASTROLOGY"/'
bad body.red_flags 's/"FALSE_END_USE"/"BAD_WEATHER"/'
bad body.information_credibility 's/"information_credibility": 2/"information_credibility": 7/'
bad body.kind 's/"kind": "ALERT_KIND_PROCUREMENT_ATTEMPT",//'
