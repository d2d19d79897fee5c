# Conflicts are found at submission and shown to both; settled, or kept out of an edition; rebasing.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime tem
start_suite || fail "the suite does not start"
publish_annex
agree() { # proposal…
  local one state
  for one in "$@"; do
    for state in au jp kr nz; do position $state $one joined; done
    as jp proposal conclude "partners/$one" --outcome agreed --meeting "Busan 2016 TEM" >/dev/null
  done
}

step "two that change one node: both sponsors see the place"
proposal 1 '[{"replace": {"node": "kite", "text": "Kites of 300 m."}}]' > "$work/1.json"
as kr proposal send "$work/1.json" >/dev/null
proposal 2 '[{"replace": {"node": "kite", "text": "Kites of 200 m."}}, {"replace": {"node": "silk", "text": "Silk."}}]' > "$work/2.json"
as nz proposal send "$work/2.json" | grep -q 'conflict: collision with TEM/.*001 (partners/kr/proposals/1) at 1.A.1 \[kite\]' || fail "nz is not told"
as kr proposal get partners/kr/proposals/1 | grep -q 'collision with TEM/.*002 (partners/nz/proposals/2) at 1.A.1' || fail "kr is not told"

step "one that another's reference depends on"
proposal 3 '[{"replace": {"node": "wind-machines", "text": "Wind machines for kites.", "cross_references": ["kite"]}}]' > "$work/3.json"
as au proposal send "$work/3.json" | grep -q 'dependency with .*partners/kr/proposals/1' || fail "no dependency"

step "what one may not read does not show"
proposal 4 '[{"replace": {"node": "silk", "text": "No silk."}}]' | listed au,jp > "$work/4.json"
as jp proposal send "$work/4.json" | grep -q 'collision with .*partners/nz/proposals/2 *) at 1.C.1\|collision with .*(partners/nz/proposals/2) at 1.C.1' || fail "jp is not told"
as nz proposal get partners/nz/proposals/2 | grep -q 'partners/jp/proposals/4' && fail "nz learns of what is hidden from it"

step "assembling with a conflict left open is refused with the place"
agree kr/proposals/1 nz/proposals/2
refused 'both change 1.A.1 (kite)' as jp annex assemble --edition 2016-10-20 -o "$work/next.json" || fail "assembled over a conflict"

step "settled by one that follows the other"
as nz proposal close partners/nz/proposals/2 --outcome withdrawn --explanation "see 5" >/dev/null
proposal 5 '[{"replace": {"node": "kite", "text": "Kites of 300 m, and of silk."}}]' |
  sed 's|"changes"|"follows": ["partners/kr/proposals/1"], "changes"|' > "$work/5.json"
as nz proposal send "$work/5.json" | grep -q 'settled: one follows the other' || fail "not settled"
agree nz/proposals/5
as jp annex assemble --edition 2016-10-20 -o "$work/next.json" 2>/dev/null | grep -c 'Busan' | grep -q 2 || fail "not both on the cover"
as jp annex approve "$work/next.json" --decision "Plenary" >/dev/null
as jp annex publish "$work/next.json" >/dev/null
as au annex show kite | grep -q 'and of silk' || fail "the follower's text does not stand"

step "against a newer edition: rebased, or its conflict is shown"
as au proposal get partners/au/proposals/3 | grep -q 'newer edition: 2016-10-20; it can be rebased' || fail "au is not told"
as au proposal rebase partners/au/proposals/3 -o "$work/rebased.json" 2>/dev/null
as au proposal revise partners/au/proposals/3 "$work/rebased.json" >/dev/null
as au proposal get partners/au/proposals/3 | grep -q 'against edition 2016-10-20' || fail "not rebased"
proposal 6 '[{"replace": {"node": "kite", "text": "Kites of 100 m."}}]' > "$work/6.json"
as kr proposal send "$work/6.json" > "$work/told"
grep -q 'it cannot be rebased as it stands' "$work/told" || fail "no rebase conflict"
refused 'has another text now' as kr proposal rebase partners/kr/proposals/6 || fail "rebased over another text"

step "merged and split go on elsewhere"
as kr proposal close partners/kr/proposals/6 --outcome merged --into partners/au/proposals/3 --explanation "together" >/dev/null
as nz proposal get partners/kr/proposals/6 | grep -q 'state: merged' || fail "not merged"
refused 'body.into' as au proposal close partners/au/proposals/3 --outcome split --into partners/kr/proposals/1 --explanation x || fail "split into one"
refused CHAIN_ENDED as kr proposal close partners/kr/proposals/6 --outcome withdrawn --explanation x || fail "ended twice"
