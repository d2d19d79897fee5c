# The main job through the real binaries: notify, receive, acknowledge, amend, renew, revoke, verify.
source "$(dirname "$0")/../lib.sh" "$1"
make_regime
start_suite || fail "the suite does not start"

step "a denial for kr only reaches kr, and nz cannot tell"
denial 1 jp,kr > "$work/1.json"
as jp denial notify "$work/1.json" --json > "$work/receipt.json"
as kr follow leem --save "$work/kr" --until-current 2>/dev/null | grep -q partners/jp/denials/1 || fail "kr has nothing"
[ -z "$(as nz follow leem --until-current 2>/dev/null)" ] || fail "nz sees it"
as jp delivery partners/jp/denials/1 | grep -qE '^kr +[0-9]{4}-' || fail "no acknowledgement"

step "following again gives nothing twice"
[ -z "$(as kr follow leem --save "$work/kr" --until-current 2>/dev/null)" ] || fail "doubled"

step "amend, renew, revoke; a revoked denial stays revoked"
as jp denial edit partners/jp/denials/1 -o "$work/edited.json" 2>/dev/null || fail "edit"
refused "is there already" as jp denial edit partners/jp/denials/1 -o "$work/edited.json" || fail "edit writes over a file"
grep -q 'Three-axis gyroscope' "$work/edited.json" || fail "$(cat "$work/edited.json")"
sed -i 's/Three-axis gyroscope/Two-axis gyroscope/' "$work/edited.json"
as jp denial amend partners/jp/denials/1 "$work/edited.json" --explanation "typing error" >/dev/null
as kr denial get partners/jp/denials/1 | grep -q 'item description: Two-axis gyroscope' || fail "not amended"
as kr denial history partners/jp/denials/1 | grep -q 'typing error' || fail "the reason is not shown"
as jp denial renew partners/jp/denials/1 --review-date 2020-01-01 >/dev/null
as jp denial revoke partners/jp/denials/1 --effective-date 2020-06-01 --explanation "new facts" >/dev/null
refused CHAIN_ENDED as jp denial revoke partners/jp/denials/1 --effective-date 2020-06-01 --explanation x ||
  fail "ended twice"
[ "$(as kr denial history partners/jp/denials/1 | wc -l)" -eq 5 ] || fail "history"
as kr denial get partners/jp/denials/1 | grep -q "^revoked, refused; ended 2020-06-01" || fail "not revoked"

step "only the originator's state may change it"
refused PROCEDURE_FORBIDS as kr denial revoke partners/jp/denials/1 --effective-date 2020-06-01 \
  --explanation x || fail "kr revoked it"

step "what kr saved verifies and reads offline; one changed bit is found"
as kr follow leem --save "$work/kr" --until-current >/dev/null 2>&1
stop_suite TERM
as kr list --from "$work/kr" 2>/dev/null | grep -q 'DenialRevocation .*partners/jp/denials/1/revisions/4' || fail "list"
[ "$(as kr list --from "$work/kr" --kind DenialRenewal --json | wc -l)" -eq 1 ] || fail "list --kind"
as kr show partners/jp/denials/1 --from "$work/kr" > "$work/shown" || fail "show"
for said in 'item description: Two-axis gyroscope' 'explanation: new facts' 'effective date: 2020-06-01' \
  'code: DIVERSION (Risk of diversion' 'for jp, kr, marked OFFICIAL, TLP:AMBER'; do
  grep -q "$said" "$work/shown" || fail "show does not say \"$said\": $(cat "$work/shown")"
done
as kr denial get partners/jp/denials/1 --from "$work/kr" | grep -q '^revoked, .*ended 2020-06-01' || fail "get --from"
refused NOT_FOUND as kr show partners/jp/denials/2 --from "$work/kr" || fail "what is not there is shown"
as kr verify "$work/kr" | grep -q '4 entries' || fail "verify"
as jp verify "$work/receipt.json" | grep -q '^ok' || fail "receipt"
ledger=$(ls -d "$work"/kr/x*)
printf '\x01' | dd of="$ledger/0000000002.entry" bs=1 seek=300 conv=notrunc status=none
refused '^BAD' as kr verify "$work/kr" || fail "a changed bit went unnoticed"

step "what is sent while the service is away is kept, and sent when it is back"
denial 5 > "$work/5.json"
ENTENTE_CONFIG=$(config_of jp) timeout -s KILL 1 entente denial notify "$work/5.json" 2> "$work/said" || true
grep -q 'does not take it now; trying again' "$work/said" || fail "silence: $(cat "$work/said")"
kept=$(ls "$work"/pki/agencies/jp/licensing/state/outbox/leem/*.signed)
[ "$(stat -c %a "$kept")" = 600 ] || fail "others can read what is kept"

step "fsck agrees, and after a restart everything is there"
as_operator fsck "$work/leem.db" | grep -q '^ok' || fail "fsck"
start_suite || fail "no restart"
[ "$(as kr denial list --json | wc -l)" -eq 1 ] || fail "lost"
as jp submit > "$work/receipt" 2> "$work/said" || fail "$(cat "$work/said")"
grep -q 'DenialNotification 5 for all partners' "$work/said" || fail "what is sent again is not shown: $(cat "$work/said")"
grep -q partners/jp/denials/5 "$work/receipt" || fail "$(cat "$work/receipt")"
as jp submit 2>&1 | grep -c 'nothing that was sent waits' | grep -q 1 || fail "it is sent for ever"

step "words say what holds today"
today() { date -u -d "$1" +%F; }
sed "s/\"year\": 2016, \"month\": 10, \"day\": 3/\"year\": $(date -u +%Y), \"month\": 1, \"day\": 1/; s/\"reference\": \"5\"/\"reference\": \"6\"/" "$work/5.json" > "$work/6.json"
as jp denial notify "$work/6.json" >/dev/null 2>&1 || fail "6"
as jp denial revoke partners/jp/denials/6 --effective-date "$(today '+40 days')" --explanation "agreed" >/dev/null
as kr denial get partners/jp/denials/6 | grep -q "^revoked, refused; in force until $(today '+40 days')" || fail "$(as kr denial get partners/jp/denials/6 | head -1)"
as kr denial get partners/jp/denials/5 | grep -q '^active, refused; lapsed since 2019-10-03' || fail "$(as kr denial get partners/jp/denials/5 | head -1)"
as kr denial list > "$work/listed" 2>/dev/null
grep -q "denials/6 *revoked from $(today '+40 days')" "$work/listed" && grep -q 'denials/5 *lapsed' "$work/listed" || fail "$(cat "$work/listed")"

step "a suspension is closed by what is said, and by nothing that is not"
sed 's/DENIAL_ACT_REFUSED/DENIAL_ACT_SUSPENDED/; s/"reference": "5"/"reference": "7"/' "$work/5.json" > "$work/7.json"
as jp denial notify "$work/7.json" >/dev/null 2>&1 || fail "7"
close=(denial close partners/jp/denials/7 --closed-date 2017-01-01)
as jp "${close[@]}" 2> "$work/said" && fail "closed without an outcome"
grep -q 'outcome is required' "$work/said" || fail "$(cat "$work/said")"
refused "act: one of" as jp "${close[@]}" --outcome denied || fail "denied by no act"
as jp "${close[@]}" --outcome lifted >/dev/null 2>&1 || fail "not lifted"
as kr denial get partners/jp/denials/7 | grep -q '^lifted, suspended; ended 2017-01-01' || fail "$(as kr denial get partners/jp/denials/7 | head -1)"

step "a revoked agency is out within seconds, its streams too"
(as kr follow leem > "$work/stream.log" 2>&1; echo "ended $?" >> "$work/stream.log") &
for _ in $(seq 100); do grep -q partners/jp "$work/stream.log" && break; sleep 0.05; done
entente pki revoke "$work/pki" --state kr --agency licensing
for _ in $(seq 100); do grep -q ended "$work/stream.log" && break; sleep 0.1; done
grep -q AGENCY_REVOKED "$work/stream.log" || fail "the stream did not end: $(cat "$work/stream.log")"
refused AGENCY_REVOKED as kr denial list || fail "kr still gets in"
echo "story ends well"
