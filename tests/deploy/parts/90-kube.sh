# The Kubernetes manifests under "podman kube play", as the overlay for podman renders them.
[ -s "$work/rendered/podman.yaml" ] || leave_out "the overlay was not rendered"
for group in $groups; do pm stop -t 30 "entente-$group" >/dev/null 2>&1 || true; done
rm -rf "$work"/kubernetes/overlays/single/etc*
TEM_HOST=tem-pod-0 deploy/prepare "$work/pki" "$work/kubernetes/overlays/single/etc" >/dev/null
kubectl kustomize "$work/kubernetes/overlays/podman" > "$work/play.yaml"
# Only where the ports are found: on this machine's loopback, where they are free.
sed -i "s/hostPort: 7701/hostPort: $(port_of leem)\n          hostIP: 127.0.0.1/; s/hostPort: 7702/hostPort: $(port_of iem)\n          hostIP: 127.0.0.1/;
  s/hostPort: 7703/hostPort: $(port_of tem)\n          hostIP: 127.0.0.1/; s#/etc/entente-keys/#$work/kubernetes/overlays/single/etc-keys/#" "$work/play.yaml"
step "three pods play, and do the main job"
pm network exists exchange || pm network create exchange >/dev/null
pm kube play --network exchange "$work/play.yaml" > "$work/play.log" 2>&1 || fail "$(grep -v '^$' "$work/play.log" | tail -3)"
await as kr denial list || fail "nothing answers: $(pm logs leem-pod-0-leem 2>&1 | tail -3)"
denial 600 > "$work/d600.json"
as jp denial notify "$work/d600.json" >/dev/null || fail "jp cannot submit"
as kr follow leem --cursor "$work/kube.cursor" --until-current 2>/dev/null | grep -q denials/600 || fail "kr has nothing"
as jp alert list >/dev/null || fail "IEM does not answer"
publish_annex
await eval 'pm logs leem-pod-0-leem 2>&1 | grep -q "knows an edition of the Annex"' || fail "LEEM does not reach TEM by its name: $(pm logs leem-pod-0-leem 2>&1 | grep TEM | tail -1)"
step "as restricted as they say"
for group in $groups; do
  status=/proc/$(pid_of "$group-pod-0-$group")/status
  grep -q '^Uid:[[:space:]]*65532' "$status" && grep -q 'CapEff:[[:space:]]*0000000000000000' "$status" &&
    grep -q '^Seccomp:[[:space:]]*2' "$status" && grep -q '^NoNewPrivs:[[:space:]]*1' "$status" || fail "$group is not restricted"
  [ "$(pm inspect "$group-pod-0-$group" --format '{{.HostConfig.ReadonlyRootfs}}')" = true ] || fail "$group may write to its root"
done
step "down and up again: the claims keep what was acknowledged"
pm kube down "$work/play.yaml" >/dev/null 2>&1
pm kube play --network exchange "$work/play.yaml" > "$work/play.log" 2>&1 || fail "$(grep -v '^$' "$work/play.log" | tail -3)"
await as kr denial list || fail "nothing answers after down and up"
as jp denial list --json | grep -q denials/600 || fail "it is lost"
