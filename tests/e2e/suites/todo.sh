# What is owed: by whom, by when, for whom, as a calendar, and by exit code.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime leem iem tem
start_suite || fail "the suite does not start"
config=$(config_of kr)
due() { # exit-code arguments...
  local expected=$1 code=0; shift
  as kr todo "$@" > "$work/out" 2> "$work/error" || code=$?
  [ $code = "$expected" ] || fail "todo $*: exit code $code, not $expected: $(cat "$work/out" "$work/error")"
}

step "nothing is owed"
due 0
due 0 --quiet
[ ! -s "$work/out" ] || fail "quiet is not"

step "a flash to acknowledge, by whom, in words and for machines"
alert 1 | sed 's/URGENCY_[A-Z]*/URGENCY_FLASH/' | listed jp,kr,nz > "$work/alert.json"
as jp alert send "$work/alert.json" >/dev/null || fail "not sent"
due 5
grep -q 'kr  *receive (follow).*partners/jp/alerts/1' "$work/out" || fail "kr is not told: $(cat "$work/out")"
grep -q 'nz' "$work/out" && fail "nz's part is shown as kr's"
as jp todo > "$work/out" || fail "jp owes something: $(cat "$work/out")"
as jp todo --all > "$work/out" && fail "with --all nothing is due"
[ "$(grep -c '[kn][rz]  *receive' "$work/out")" = 2 ] || fail "with --all not what others owe jp: $(cat "$work/out")"
(as kr --json todo || [ $? = 5 ]) | python3 -c '
import json, sys
(one,) = [json.loads(line) for line in sys.stdin]
assert (one["kind"], one["name"], one["state"]) == ("iem.acknowledgement", "partners/jp/alerts/1", "kr"), one' || fail "JSON"

step "by group, role and time"
due 5 --group iem
due 0 --group leem
due 2 --role desk
grep -q 'roles { role:' "$work/error" || fail "not how to name a role"
echo 'roles { role: "desk" obligations: "iem" } roles { role: "licensing" obligations: "leem.renewal" }' >> "$config"
due 5 --role desk
due 0 --role licensing
due 2 --role des
grep -q 'it has desk, licensing' "$work/error" || fail "not which roles there are"
echo 'roles { role: "nobody" } roles { role: "typo" obligations: "iem.acknowledgment" } roles { role: "group" obligations: "lem" }' >> "$config"
for role in nobody typo group; do due 2 --role $role; done
due 2 --group lem
grep -q 'nobody was asked' "$work/error" || fail "a group that there is none of is no news"
due 0 --due 0d
for wrong in 30 d -1d 1w 999999d; do due 2 --due=$wrong; done

step "a calendar that is the same when it is written again"
due 5 --ics "$work/one.ics"
due 5 --ics "$work/two.ics"
python3 - "$work/one.ics" "$work/two.ics" <<'CHECK' || fail "not a calendar"
import re, sys
def events(path):
    text = open(path, newline='').read()
    assert text.endswith('\r\n') and '\n' not in text.replace('\r\n', '')
    assert all(len(line.encode()) <= 75 for line in text.split('\r\n'))
    lines = text.replace('\r\n ', '').split('\r\n')
    assert lines[0] == 'BEGIN:VCALENDAR' and lines[-2] == 'END:VCALENDAR'
    return [line for line in lines if re.match('UID|DTSTART|SUMMARY', line)]
one, two = map(events, sys.argv[1:])
assert one == two and len(one) == 3 and 'partners/jp/alerts/1' in one[2], one
CHECK

cp "$config" "$work/config"
sed -i 's/address: "127.0.0.1:[0-9]*"/address: "127.0.0.1:1"/' "$config"
due 2 --ics "$work/one.ics"
cmp -s "$work/one.ics" "$work/two.ics" || [ "$(grep -c BEGIN:VEVENT "$work/one.ics")" = 1 ] || fail "a calendar lost what is due where a group was away"
cp "$work/config" "$config"

step "a denial to renew, on another day's list"
denial 1 | sed 's/"year": 2016, "month": 10, "day": 3/"year": 2024, "month": 1, "day": 9/' > "$work/d.json"
as kr denial notify "$work/d.json" >/dev/null || fail "not notified"
due 0 --group leem
due 5 --group leem --due 2000d
grep -q 'renew, amend or revoke.*partners/kr/denials/1' "$work/out" || fail "not to be renewed: $(cat "$work/out")"

step "who has it is no longer asked; a group that is away is said, and hides nothing"
as kr follow iem --save "$work/kr" --until-current >/dev/null 2>&1 || fail "follow"
due 0 --group iem
sed -i '0,/address: "127.0.0.1:[0-9]*"/s//address: "127.0.0.1:1"/' "$config"
due 2 --due 2000d
grep -q '^entente: iem: ' "$work/error" && grep -q partners/kr/denials/1 "$work/out" || fail "not which group, or not the other's: $(cat "$work/out" "$work/error")"

stop_suite TERM
echo "story ends well"
