# Crosswalks: many to many, from both sides, at a date; the public entry codes, where they are at hand.
source "$(dirname "$0")/../../lib.sh" "$1"
make_regime tem
start_suite || fail "the suite does not start"
publish_annex
cat > "$work/codes.csv" <<'CSV'
path,jurisdiction,national_code,relation,source
1.A.1,EU,9K101,OVERLAPS,invented
1.A.1,EU,9K102,EXACT,invented
3.A.1,EU,9K102,BROADER,invented
1.C.1,KR,KR-7,NARROWER,invented
CSV
step "a state speaks for its own jurisdiction, and for shared ones"
grep -v EU "$work/codes.csv" > "$work/kr.csv"
refused 'body.jurisdiction' as nz annex import-codes "$work/kr.csv" || fail "nz gave codes of kr"
as kr annex import-codes "$work/codes.csv" --national-edition 2016 >/dev/null
as au annex codes --path 1.A.1 | grep -c 9K10 | grep -q 2 || fail "not both codes of a place"
as au annex codes --code 9K102 | grep -cE '^(1.A.1|3.A.1) ' | grep -q 2 || fail "not both places of a code"
as au annex codes --path 1 --jurisdiction kr | grep -q KR-7 || fail "not below a path"
sed 's/^1.C.1/9.Z.9/' "$work/codes.csv" > "$work/bad.csv"
refused 'body.rows\[0\].path' as kr annex import-codes "$work/bad.csv" --reference bad || fail "a path that is not there"

data=$root/../shared/data
[ -e "$data/annex-entries.csv" ] || { echo "no public entry codes here; that part is left out"; exit 0; }
step "the public entry codes as an edition, every one found"
as jp annex import "$data/annex-entries.csv" --edition 2012-01-01 --title "Entry codes" -o "$work/codes.json" 2>/dev/null
as jp annex approve "$work/codes.json" --decision "as they stood" >/dev/null
as jp annex publish "$work/codes.json" >/dev/null
as au annex export 2012-01-01 --format csv > "$work/out.csv"
tail -n +2 "$data/annex-entries.csv" | cut -d, -f1 | sort > "$work/wanted"
cut -d, -f2 "$work/out.csv" | sort | comm -13 - "$work/wanted" | grep . && fail "entries are missing"
step "its crosswalk and the LITE codes, every one in both directions"
as kr annex import-codes "$data/crosswalk-sample.csv" --edition 2012-01-01 --reference sample >/dev/null
as kr annex import-codes "$data/annex-entries.csv" --edition 2012-01-01 --reference lite >/dev/null
for item in $(cut -d. -f1 "$work/wanted" | sort -un); do
  as au annex codes --path "$item" --edition 2012-01-01 --json
done | python3 -c 'import json, sys
for line in sys.stdin:
    one = json.loads(line)
    print(one["path"], one["jurisdiction"], one["code"])' | sort > "$work/found"
tail -n +2 "$data/crosswalk-sample.csv" | tr -d '\r' | awk -F, '{print $1, tolower($2), $3}' > "$work/expected"
tail -n +2 "$data/annex-entries.csv" | tr -d '\r' | awk -F, '{print $1, "lite", $3}' >> "$work/expected"
sort -u "$work/expected" -o "$work/expected"
comm -13 "$work/found" "$work/expected" | grep . && fail "not found from the places"
for code in $(awk -F, 'NR>1 {print $3}' "$data/crosswalk-sample.csv" | sort -u) M9A6 M1A1; do
  as au annex codes --code "$code" --edition 2012-01-01 --json | python3 -c 'import json, sys
for line in sys.stdin:
    one = json.loads(line)
    print(one["path"], one["jurisdiction"], one["code"])'
done | sort > "$work/backwards"
tail -n +2 "$data/crosswalk-sample.csv" | tr -d '\r' | awk -F, '{print $1, tolower($2), $3}' | sort -u > "$work/sample"
comm -13 "$work/backwards" "$work/sample" | grep . && fail "not found from the codes"
true
