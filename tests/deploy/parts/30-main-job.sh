# Three services, each a container of its own; the quickstart's main job from outside.
mkdir -p "$work/volumes"
for group in $groups; do
  mkdir -p "$work/volumes/$group" "$work/volumes/$group-heads" "$work/volumes/$group-audit"
done
chown -R 65532:65532 "$work/volumes"
chmod 711 "$work"
deploy/prepare "$work/pki" "$work/etc" >/dev/null
# On the host's network each needs ports of its own.
for group in $groups; do
  sed -i "s/listen: \"0.0.0.0:77[0-9]*\"/listen: \"127.0.0.1:$(port_of $group)\"/; s/metrics_listen: .*/metrics_listen: \"$(metrics_of $group)\"/;
    s/upstreams .*/upstreams { group: \"tem\" address: \"127.0.0.1:$(port_of tem)\" }/" "$work/etc/$group.textproto"
done
step "each starts as nobody, with nothing"
for group in tem iem leem; do
  start $group
  echo "      $group: ready $(start_ms "entente-$group") ms after its start"
  [ "$(start_ms "entente-$group")" -lt 1000 ] || fail "$group takes more than a second to be ready"
done
sleep 2  # idle
for group in $groups; do
  status=/proc/$(pid_of "entente-$group")/status
  rss=$(awk '/VmRSS/ {print $2}' "$status")
  echo "      $group: $((rss / 1024)) MiB idle"
  [ "$rss" -lt $((64 * 1024)) ] || fail "$group takes more than 64 MiB"
  grep -q 'CapEff:[[:space:]]*0000000000000000' "$status" || fail "$group has capabilities"
  grep -q '^Uid:[[:space:]]*65532' "$status" || fail "$group runs as somebody else"
  grep -q '^Seccomp:[[:space:]]*2' "$status" || fail "$group runs without a seccomp profile"
  grep -q '^NoNewPrivs:[[:space:]]*1' "$status" || fail "$group may gain privileges"
done
pm exec entente-leem /usr/bin/entente status --metrics "$(metrics_of leem)" --quiet || fail "the health check, run inside, does not pass"

step "an agency pushes, a partner receives and verifies, an outsider sees nothing"
denial 1 | sed 's/{"all_partners": {}}/{"listed": {"states": ["jp", "kr"]}}/' > "$work/d.json"
as jp denial notify "$work/d.json" >/dev/null
as kr follow leem --save "$work/kr" --until-current 2>/dev/null | grep -q partners/jp/denials/1 || fail "kr has nothing"
as kr verify "$work/kr" | grep -q '^ok' || fail "what kr has does not verify"
[ -z "$(as nz follow leem --until-current 2>/dev/null)" ] || fail "nz sees it"

step "no secret in logs, environment or process titles"
grep -hv -e '-----' "$work"/pki/services/*.key "$work"/pki/directory.key | grep . > "$work/secrets"
for group in $groups; do
  pid=$(pid_of "entente-$group")
  { pm logs "entente-$group" 2>&1; tr '\0' '\n' < "/proc/$pid/environ"; tr '\0' '\n' < "/proc/$pid/cmdline"; cat "$work/volumes/$group-audit/audit.log"; } > "$work/shown"
  grep -qFf "$work/secrets" "$work/shown" && fail "$group shows a key"
  grep -q 'PRIVATE KEY' "$work/shown" && fail "$group shows a key"
  [ -s "$work/volumes/$group-audit/audit.log" ] || [ "$group" != leem ] || fail "no audit"
done
