# Originator control: what derives from kr's goes no further than kr has said.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime iem
start_suite || fail "the suite does not start"

alert 7 | listed jp,kr > "$work/source.json"
as kr alert send "$work/source.json" >/dev/null
derived() { alert "$1" | derives_from partners/kr/alerts/7 | listed "$2" > "$work/derived.json"; }

step "without kr's word it is refused; a lower marking is, too"
derived 8 jp,kr,nz
refused RELEASE_NEEDED as jp alert send "$work/derived.json" || fail "released without consent"
derived 8 jp,kr
sed -i 's/TLP_AMBER/TLP_GREEN/' "$work/derived.json"
refused marking as jp alert send "$work/derived.json" || fail "marked lower than its source"

step "au and nz are asked for, nz is granted; au stays outside"
refused NOT_FOUND as nz release ask partners/kr/alerts/7 --states au --purpose x --reference r0 || fail "nz asks about what it cannot read"
as jp release ask partners/kr/alerts/7 --states au,nz --purpose "they make them" --reference r1 >/dev/null
refused PROCEDURE_FORBIDS as jp release decide partners/jp/releases/r1 --grant nz || fail "jp decided itself"
as kr release decide partners/jp/releases/r1 --grant nz >/dev/null
as jp release get partners/jp/releases/r1 | grep -q "release outcome: partial" || fail "not granted in part"
refused CHAIN_ENDED as kr release decide partners/jp/releases/r1 --deny || fail "decided twice"
derived 8 jp,kr,nz
as jp alert send "$work/derived.json" >/dev/null
as nz alert list | grep -q partners/jp/alerts/8 || fail "nz does not see what was granted"
derived 9 au,jp,kr
refused RELEASE_NEEDED as jp alert send "$work/derived.json" || fail "released to au, who was not granted"

step "denied is denied; lapsed means denied, after the days of the profile when it was asked"
as jp release ask partners/kr/alerts/7 --states au --purpose "again" --reference r2 >/dev/null
as kr release decide partners/jp/releases/r2 --deny >/dev/null
as jp release get partners/jp/releases/r2 | grep -q "release outcome: denied" || fail "not denied"
as jp release ask partners/kr/alerts/7 --states au --purpose "in time" --reference r4 >/dev/null
sed -i 's/release_lapse_days: [0-9]*/release_lapse_days: 0/' "$work/profile.textproto"
stop_suite TERM
start_suite || fail "no restart"
as jp release ask partners/kr/alerts/7 --states au --purpose "once more" --reference r3 >/dev/null
as jp release get partners/jp/releases/r4 | grep -q "release outcome: lapsed" && fail "a new profile ended what was asked before"
as jp release get partners/jp/releases/r3 | grep -q "release outcome: lapsed" || fail "not lapsed"
refused CHAIN_ENDED as kr release decide partners/jp/releases/r3 --grant au || fail "granted after the lapse"
refused RELEASE_NEEDED as jp alert send "$work/derived.json" || fail "a lapse released it"

step "a grant is the originator's own new document to the wider audience"
alert 7b | derives_from partners/kr/alerts/7 | listed au,jp,kr,nz > "$work/wider.json"
as kr alert send "$work/wider.json" >/dev/null || fail "kr may not release its own"
as au alert get partners/kr/alerts/7b >/dev/null || fail "au has it not"
