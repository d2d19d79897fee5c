# deploy/compose.yaml as an operator starts it, with podman-compose: networks, volumes, secrets, profile, Prometheus apart.
need podman-compose podman-compose
for group in $groups; do pm stop -t 30 "entente-$group" >/dev/null 2>&1 || true; done
project=$work/compose
mkdir -p "$project"
cp -r deploy "$project/"
(cd "$project" && deploy/prepare "$work/pki" >/dev/null)
# Nothing but where the ports are found: on this machine's loopback, where they are free.
deploy/groups | while read -r group port _; do sed -i "s/\"$port:$port\"/\"127.0.0.1:$(port_of "$group"):$port\"/" "$project/deploy/compose.yaml"; done
export PODMAN_USERNS=
compose() { (cd "$project/deploy" && podman-compose --podman-path "$work/podman" -p entente "$@"); }
printf '#!/bin/sh\nexec podman %s "$@"\n' "$(printf "'%s' " "${podman_flags[@]}")" > "$work/podman"
chmod +x "$work/podman"
step "up, and the main job over the published ports"
compose up -d $groups > "$work/compose.log" 2>&1 || fail "compose up: $(tail -5 "$work/compose.log")"
await as kr denial list || fail "nothing answers: $(tail -5 "$work/compose.log"); $(pm logs entente_leem_1 2>&1 | tail -3)"
denial 500 > "$work/d500.json"
as jp denial notify "$work/d500.json" >/dev/null || fail "jp cannot submit"
as kr follow leem --cursor "$work/compose.cursor" --until-current 2>/dev/null | grep -q denials/500 || fail "kr has nothing"
publish_annex
await eval 'pm logs entente_leem_1 2>&1 | grep -q "knows an edition of the Annex"' || fail "LEEM does not reach TEM by its name"
step "as hardened as it says"
for group in $groups; do
  status=/proc/$(pid_of "entente_${group}_1")/status
  grep -q '^Uid:[[:space:]]*65532' "$status" && grep -q 'CapEff:[[:space:]]*0000000000000000' "$status" &&
    grep -q '^Seccomp:[[:space:]]*2' "$status" && grep -q '^NoNewPrivs:[[:space:]]*1' "$status" || fail "$group is not restricted: $(grep -E 'Uid|Cap|Sec|NoNew' "$status")"
  [ "$(pm inspect "entente_${group}_1" --format '{{.HostConfig.ReadonlyRootfs}}')" = true ] || fail "$group may write to its root"
done
step "down and up again: the volumes keep what was acknowledged"
compose down > "$work/compose.log" 2>&1
compose up -d $groups > "$work/compose.log" 2>&1
await as kr denial list || fail "nothing answers after down and up"
as jp denial list --json | grep -q denials/500 || fail "it is lost"
compose down -v > "$work/compose.log" 2>&1 || true
