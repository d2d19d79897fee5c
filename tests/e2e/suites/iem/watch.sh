# Watching: filters by every field, a command per document, what was saved verifies, a restart changes nothing.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime iem
start_suite || fail "the suite does not start"

alert 1 > "$work/1.json"; as jp alert send "$work/1.json" >/dev/null
alert 2 | sed 's/URGENCY_PRIORITY"/URGENCY_FLASH"/; s/GYRO-2016/VALVES-2016/; s/9.A.6/3.A.2/; s/ALERT_KIND_PROCUREMENT_ATTEMPT/ALERT_KIND_SHIPMENT/' > "$work/2.json"
as kr alert send "$work/2.json" >/dev/null

step "filters by urgency, kind, country, item, topic, campaign"
only() { # filter expected
  [ "$(as nz follow iem --filter "$1" --until-current 2>/dev/null | grep -o 'partners/[a-z]*/alerts/[0-9]' | sort -u | tr '\n' ' ')" = "$2" ] || fail "$1 does not give $2"
}
only iem.urgency=flash "partners/kr/alerts/2 "
only iem.kind=procurement_attempt "partners/jp/alerts/1 "
only iem.country=gs "partners/jp/alerts/1 partners/kr/alerts/2 "
only iem.item=3.A.2 "partners/kr/alerts/2 "
only iem.topic=KEY_TECHNOLOGY "partners/jp/alerts/1 partners/kr/alerts/2 "
only iem.campaign=GYRO-2016 "partners/jp/alerts/1 "
only "iem.campaign=GYRO-2016 AND iem.urgency=flash" ""
refused "nearest: flash" as nz follow iem --filter iem.urgency=flsh --until-current || fail "a filter that can match nothing"
refused "is no country" as nz alert list --filter iem.country=Antarctica || fail "a list that can match nothing"
refused "is no state" as nz follow iem --filter originator=JP --until-current || fail "a state in capitals"
refused "nearest: Alert" as nz follow iem --filter kind=Alrt --until-current || fail "a kind that there is not"
refused "unknown field" as nz follow iem --filter iem.weather=rain --until-current || fail "an unknown field"

step "a command per document; a failing one gets it again, success acknowledges"
printf '#!/bin/sh\ncat >> %s/seen\n[ -e %s/works ]\n' "$work" "$work" > "$work/hook"
chmod +x "$work/hook"
as nz follow iem --exec "$work/hook" --cursor "$work/c" --until-current 2>/dev/null && fail "a failing command passed"
as jp delivery partners/jp/alerts/1 | grep -qE '^nz +[0-9]{4}-' && fail "acknowledged what failed"
touch "$work/works"
as nz follow iem --exec "$work/hook" --cursor "$work/c" --until-current 2>/dev/null || fail "the command works now"
grep -q partners/kr/alerts/2 "$work/seen" || fail "the command did not get the document"
as jp delivery partners/jp/alerts/1 | grep -qE '^nz +[0-9]{4}-' || fail "success does not acknowledge"
refused COMMAND_FAILED as au follow iem --exec 'sleep 30' --exec-timeout 1 --until-current --cursor "$work/c2" || fail "no timeout"

step "what was saved verifies; fsck agrees; a restart changes nothing"
as au follow iem --save "$work/au" --until-current >/dev/null 2>&1
before=$(as jp alert list --json | sha256sum)
stop_suite TERM
as au verify "$work/au" | grep -q '^ok' || fail "verify"
as_operator fsck "$work/iem.db" --group iem | grep -q '^ok' || fail "fsck"
start_suite || fail "no restart"
[ "$before" = "$(as jp alert list --json | sha256sum)" ] || fail "a restart changed the answers"
