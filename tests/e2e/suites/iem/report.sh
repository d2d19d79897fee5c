# Trend reports: sent, filtered, corrected; attachments within their limit and true to their digest.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime iem
start_suite || fail "the suite does not start"

step "a report reaches its audience and is found by topic"
report h1 | listed jp,kr > "$work/report.json"
as jp report send "$work/report.json" >/dev/null
as kr follow iem --filter iem.topic=TRANSIT --until-current 2>/dev/null | grep -q partners/jp/reports/h1 || fail "kr has nothing"
[ -z "$(as kr follow iem --filter iem.topic=BROKERING --until-current 2>/dev/null)" ] || fail "the filter lets it pass"
as kr report list --filter "iem.topic=TRANSIT AND originator=jp" | grep -q partners/jp/reports/h1 || fail "kr does not list it"
[ -z "$(as nz report list --json)" ] || fail "nz lists it"

step "corrected by its own state only"
sed 's/41 enquiries/43 enquiries/' "$work/report.json" > "$work/again.json"
refused PROCEDURE_FORBIDS as kr report correct partners/jp/reports/h1 "$work/again.json" || fail "kr corrected it"
as jp report correct partners/jp/reports/h1 "$work/again.json" >/dev/null
as kr report get partners/jp/reports/h1 | grep -q "43 enquiries" || fail "not corrected"

step "attachments: a digest that differs, too large, a path for a name"
attached() { # bytes digest filename
  report $1 | sed "s|\"confidence\"|\"attachments\": [{\"filename\": \"$3\", \"media_type\": \"text/csv\", \"digest\": \"$2\", \"content\": \"$(base64 -w0 "$work/file")\"}], \"confidence\"|" > "$work/attached.json"
}
digest() { openssl dgst -sha256 -binary "$work/file" | base64; }
echo "month,count" > "$work/file"
attached a1 "$(digest)" counts.csv
as jp report send "$work/attached.json" >/dev/null
as nz report get partners/jp/reports/a1 --json | grep -q counts.csv || fail "no attachment"
attached a2 AAAA counts.csv
refused 'body.attachments\[0\].digest' as jp report send "$work/attached.json" || fail "another digest"
attached a3 "$(digest)" ../counts.csv
refused 'body.attachments\[0\].filename' as jp report send "$work/attached.json" || fail "a path"
sed -i 's/attachment_bytes_max: [0-9]*/attachment_bytes_max: 5/' "$work/profile.textproto"
stop_suite TERM
start_suite || fail "no restart"
attached a4 "$(digest)" counts.csv
refused 'body.attachments' as jp report send "$work/attached.json" || fail "over the limit"
as nz report get partners/jp/reports/a1 --json | grep -q counts.csv || fail "an old report is judged by new rules"

step "a report of tomorrow's period, an unknown topic"
report b1 | sed 's/"TRANSIT"/"WEATHER"/' > "$work/bad.json"
refused 'body.topics' as jp report send "$work/bad.json" || fail "an unknown topic"
report b2 | sed 's/2016-07-01/2015-07-01/' > "$work/bad.json"
refused 'body.period_end_time' as jp report send "$work/bad.json" || fail "a period that ends before it begins"
