# A program outside the tree builds against the installed SDK and does the main job with it.
source "$(dirname "$0")/../lib.sh" "$1"
step "the SDK installs as a CMake package"
cmake --install "$bin/.." --component sdk --prefix "$work/prefix" >/dev/null || fail "install"
step "a program outside the tree finds it and builds"
cmake -G Ninja -S "$root/tests/e2e/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_BUILD_TYPE=Release >"$work/cmake.log" 2>&1 || { tail "$work/cmake.log"; fail "configure"; }
cmake --build "$work/consumer" >"$work/build.log" 2>&1 || { tail "$work/build.log"; fail "build"; }
grep -rqE "(^|[\"; ])$root/" "$work/prefix/lib" --include='*.cmake' && fail "the package names the build tree"
grep -rnE 'openssl/|EVP_PKEY\*|X509\*|evp_pkey_st|x509_st' "$work/prefix/include" --include='*.h' &&
  fail "an installed header names a type of OpenSSL"
step "it pushes a denial and follows it"
make_regime
start_suite || fail "the suite does not start"
"$work/consumer/consumer" "$work/pki/agencies/jp/licensing/client.textproto" sdk-1 |
  grep -qx partners/jp/denials/sdk-1 || fail "the consumer's denial did not come back"
as kr denial list | grep -q sdk-1 || fail "kr does not see it"

step "forty lines follow, verify, answer and revise"
officer=("$work/consumer/officer" "$work/pki/agencies/kr/licensing/client.textproto" "$work/inbox" partners/kr/alerts/own)
alert() { # STATE NUMBER
  as "$1" alert new | sed "s/\"reference\": \"[^\"]*\"/\"reference\": \"$2\"/" >"$work/$2.json"
  as "$1" alert send "$work/$2.json" >/dev/null
}
alert jp 1
alert kr own
"${officer[@]}" || fail "the officer's program"
as jp alert answers partners/jp/alerts/1 | grep -q partners/kr/answers/on-jp1 || fail "jp has no answer"
as jp alert get partners/jp/alerts/1 >/dev/null || fail "jp's alert"
as jp alert get partners/kr/alerts/own | grep -q "Still looked for" || fail "kr's alert was not updated"
"${officer[@]}" || fail "the next day"
[ "$(as jp alert answers partners/jp/alerts/1 | grep -c partners/kr/answers/)" = 1 ] || fail "it was answered twice"
as kr verify "$work/inbox" --group iem | grep -q "^ok" || fail "what it keeps does not verify"
