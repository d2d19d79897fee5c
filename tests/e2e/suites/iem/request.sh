# Requests for information: nothing held, refused and silence are three things; overdue is derived.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime iem
start_suite || fail "the suite does not start"

entente rfi new | sed 's/"2016-1"/"1"/' | listed jp,kr,nz |
  sed 's/"proposed_time"/"addressees": ["kr", "nz"], "proposed_time"/' > "$work/rfi.json"
as jp rfi send "$work/rfi.json" >/dev/null

step "asked of kr and nz: a date proposed and agreed, answered in part and whole"
refused NOT_FOUND as au rfi reply partners/jp/requests/1 --kind nothing-held || fail "au was not asked"
as kr rfi reply partners/jp/requests/1 --kind date-proposed --by 2036-02-01 --reference d >/dev/null
refused 'body.agreed_time' as jp rfi agree partners/jp/requests/1 --state kr --date 2036-03-01 || fail "another date"
refused PROCEDURE_FORBIDS as nz rfi agree partners/jp/requests/1 --state kr --date 2036-02-01 || fail "nz agreed"
as jp rfi agree partners/jp/requests/1 --state kr --date 2036-02-01 >/dev/null
as jp rfi get partners/jp/requests/1 --json | grep -q '2036-02-01' || fail "the agreed date is not due"
as kr rfi reply partners/jp/requests/1 --kind partial-answer --text "known as a shop" --reference p >/dev/null
as kr rfi reply partners/jp/requests/1 --kind answer --text "sells umbrellas" --reference a >/dev/null
as jp rfi get partners/jp/requests/1 | grep -q "reply: answer" || fail "not answered"

step "nz refuses with a class of reason; without one it is no refusal"
refused 'body.refusal_class' as nz rfi reply partners/jp/requests/1 --kind refused || fail "without a class"
class=$(sed -n 's/.*refusal_classes { *code: "\([A-Z_]*\)".*/\1/p' "$work/profile.textproto" | head -1)
as nz rfi reply partners/jp/requests/1 --kind refused --class "$class" >/dev/null
as jp rfi get partners/jp/requests/1 | grep -q "reply: refused" || fail "not refused"

step "feedback closes it; an answer after closing is taken as late"
as jp rfi close partners/jp/requests/1 --feedback "thank you" >/dev/null
as kr rfi reply partners/jp/requests/1 --kind answer --text "open again since June" --reference late >/dev/null || fail "a late reply"

step "asked of kr and nz by a date that has passed: nothing held is an answer, silence is overdue"
sed 's/"reference": "1"/"reference": "2"/; s/2036-01-01/2016-01-01/' "$work/rfi.json" > "$work/late.json"
as jp rfi send "$work/late.json" >/dev/null
as kr rfi reply partners/jp/requests/2 --kind nothing-held >/dev/null
as jp rfi get partners/jp/requests/2 --json > "$work/late"
python3 - "$work/late" <<'PYTHON' || fail "nothing held and silence are mixed up"
import json, sys
by = {a['state']: a for a in json.load(open(sys.argv[1]))['addressees']}
assert by['kr']['reply'] == 'REPLY_KIND_NOTHING_HELD' and not by['kr'].get('overdue'), by
assert by['nz'].get('reply', 'REPLY_KIND_UNSPECIFIED') == 'REPLY_KIND_UNSPECIFIED' and by['nz']['overdue'], by
PYTHON
refused PROCEDURE_FORBIDS as jp rfi reply partners/jp/requests/2 --kind answer --text "to myself" || fail "the requester replies"
