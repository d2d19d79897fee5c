# IEM through the real binaries: an alert and its board, a request in time and overdue, a release, trends,
# a command per document.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime
start_suite || fail "the suite does not start"
alert() { entente alert new | sed "s/\"reference\": \"2016-1\"/\"reference\": \"$1\"/"; }
listed() { sed "s/{\"all_partners\": {}}/{\"listed\": {\"states\": [$(sed 's/[a-z][a-z]/"&"/g' <<<"$1")]}}/"; }

step "an alert for kr only reaches kr; nz cannot tell"
alert 1 | listed jp,kr > "$work/alert.json"
as jp alert send "$work/alert.json" >/dev/null
as kr follow iem --save "$work/kr" --until-current 2>/dev/null | grep -q partners/jp/alerts/1 || fail "kr has nothing"
[ -z "$(as nz follow iem --until-current 2>/dev/null)" ] || fail "nz sees it"
refused NOT_FOUND as nz alert get partners/jp/alerts/1 || fail "nz gets it"
as jp delivery partners/jp/alerts/1 | grep -qE '^kr +[0-9]{4}-' || fail "no acknowledgement"

step "kr answers with a sighting; the board is the originator's"
as kr alert sight partners/jp/alerts/1 --result seen-and-acted --text "stopped at the port" --country aq \
  --reference 1 >/dev/null
as jp alert answers partners/jp/alerts/1 | grep -q "stopped at the port" || fail "no sighting on the board"
refused RELEASE_NEEDED as kr alert sight partners/jp/alerts/1 --result seen --to nz || fail "a wider answer"
refused NOT_FOUND as nz alert sight partners/jp/alerts/1 --result seen || fail "nz answers what it cannot read"

step "updated, closed; nothing follows an end"
as jp alert update partners/jp/alerts/1 "$work/alert.json" >/dev/null
as jp alert close partners/jp/alerts/1 --outcome closed --explanation "it worked" >/dev/null
refused CHAIN_ENDED as kr alert sight partners/jp/alerts/1 --result seen || fail "an answer after closing"
as kr alert get partners/jp/alerts/1 | grep -q MATTER_STATE_CLOSED || fail "not closed"

step "bad input names the field"
alert 2 | sed 's/"KEY_TECHNOLOGY"/"ASTROLOGY"/' > "$work/bad.json"
refused 'body.topics' as jp alert send "$work/bad.json" || fail "an unknown topic"
alert 2 | sed 's/"a manufacturer"/"the Sample Analysis Centre"/' > "$work/bad.json"
refused 'body.masked_source' as jp alert send "$work/bad.json" || fail "an unmasked source"

step "a request: asked of kr, a date proposed and agreed, answered, closed"
entente rfi new | sed 's/"2016-1"/"1"/' > "$work/rfi.json"
as jp rfi send "$work/rfi.json" >/dev/null
refused NOT_FOUND as nz rfi reply partners/jp/requests/1 --kind nothing-held || fail "nz was not asked"
as kr rfi reply partners/jp/requests/1 --kind date-proposed --by 2036-02-01 --reference d >/dev/null
refused 'body.agreed_time' as jp rfi agree partners/jp/requests/1 --state kr --date 2036-03-01 || fail "another date"
as jp rfi agree partners/jp/requests/1 --state kr --date 2036-02-01 >/dev/null
as kr rfi reply partners/jp/requests/1 --kind answer --text "known as a shop" >/dev/null
as jp rfi get partners/jp/requests/1 | grep -q REPLY_KIND_ANSWER || fail "not answered"
as jp rfi close partners/jp/requests/1 --feedback "thank you" >/dev/null
refused CHAIN_ENDED as kr rfi reply partners/jp/requests/1 --kind answer --text late || fail "a reply after closing"
sed 's/"reference": "1"/"reference": "2"/; s/2036-01-01/2016-01-01/' "$work/rfi.json" > "$work/late.json"
as jp rfi send "$work/late.json" >/dev/null
as jp rfi get partners/jp/requests/2 | grep -q '"overdue": *true' || fail "silence is not shown as overdue"

step "originator control: what derives from kr's goes no further without its word"
alert 7 | listed jp,kr > "$work/source.json"
as kr alert send "$work/source.json" >/dev/null
alert 8 | sed 's/"body": {/"references": [{"relation": "RELATION_DERIVES_FROM", "name": "partners\/kr\/alerts\/7"}],\n  "body": {/' |
  listed jp,kr,nz > "$work/derived.json"
refused RELEASE_NEEDED as jp alert send "$work/derived.json" || fail "released without consent"
as jp release ask partners/kr/alerts/7 --states nz --purpose "nz makes them" --reference r1 >/dev/null
as kr release decide partners/jp/releases/r1 --grant nz >/dev/null
as jp alert send "$work/derived.json" >/dev/null
as nz alert list | grep -q partners/jp/alerts/8 || fail "nz does not see what was granted"

step "trends: what two states say is suppressed, what three say is shown"
for state in jp kr nz; do alert t > "$work/$state.json"; as $state alert send "$work/$state.json" >/dev/null; done
as nz trend --group iem --by method --json | grep -q FALSE_END_USE || fail "three states are not shown"
as nz trend --html "$work/trend.html"
grep -q '<svg' "$work/trend.html" || fail "no chart"
grep -qE 'src=|href=|@import' "$work/trend.html" && fail "the page fetches something"

step "a command per document; a failing one gets it again, success acknowledges"
printf '#!/bin/sh\ncat >> %s/seen\n[ -e %s/works ]\n' "$work" "$work" > "$work/hook"
chmod +x "$work/hook"
as nz follow iem --exec "$work/hook" --cursor "$work/c" --until-current 2>/dev/null && fail "a failing command passed"
touch "$work/works"
as nz follow iem --exec "$work/hook" --cursor "$work/c" --until-current 2>/dev/null || fail "the command works now"
grep -q partners/nz/alerts/t "$work/seen" || fail "the command did not get the document"
refused COMMAND_FAILED as nz follow iem --exec 'sleep 30' --exec-timeout 1 --until-current --cursor "$work/c2" || fail "no timeout"

step "what was saved verifies; fsck agrees; a restart changes nothing"
before=$(as jp alert list --json | sha256sum)
stop_suite TERM
as kr verify "$work/kr" | grep -q '^ok' || fail "verify"
as jp fsck "$work/iem.db" --group iem | grep -q '^ok' || fail "fsck"
start_suite || fail "no restart"
[ "$before" = "$(as jp alert list --json | sha256sum)" ] || fail "a restart changed the answers"
