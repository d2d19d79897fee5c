# The overlays build, and everything in them is what Kubernetes' own schemas say. A certificate authority is made here that
# later parts use.
entente pki init "$work/pki" --states jp,kr,nz --host "localhost,$(tr ' \n' ',,' <<< "$groups" | sed 's/,*$//')" >/dev/null
mkdir -p "$work/ports"
for group in $groups; do
  free_port > "$work/ports/$group"
  free_port > "$work/ports/$group.metrics"
done
endpoints=()
for group in $groups; do endpoints+=(--endpoint "$group=127.0.0.1:$(port_of $group)"); done
for state in jp kr nz; do
  seats=()
  for seat in $groups; do
    [ $state$seat = jptem ] && seat+=:read,submit,chair || seat+=:read,submit
    seats+=(--seat "$seat")
  done
  entente pki issue "$work/pki" --state $state --agency licensing --officer officer-1 "${endpoints[@]}" "${seats[@]}" >/dev/null
done
cp -r deploy/kubernetes "$work/kubernetes"
mkdir "$work/postgres.example"
for group in $groups; do echo "host=database.example dbname=$group user=$group" > "$work/postgres.example/$group"; done
# Over configurations without a database it would make two histories under one key.
deploy/prepare "$work/pki" "$work/single" >/dev/null
POSTGRES=$work/postgres.example deploy/prepare "$work/pki" "$work/single" >/dev/null 2>&1 && fail "replicas with journals of their own"
POSTGRES=$work/postgres.example deploy/prepare "$work/pki" "$work/kubernetes/overlays/replicated/etc" >/dev/null
deploy/prepare "$work/pki" "$work/kubernetes/overlays/single/etc" >/dev/null

step "every overlay builds"
command -v kubectl >/dev/null && kubectl kustomize "$work/kubernetes/base" >/dev/null 2>&1 || leave_out "no kubectl whose kustomize reads these overlays"
mkdir -p "$work/rendered"
for overlay in "$work"/kubernetes/overlays/*/; do
  kubectl kustomize "$overlay" > "$work/rendered/$(basename "$overlay").yaml" || fail "$overlay does not build"
done
# The component, as an operator would name it.
mkdir "$work/kubernetes/overlays/hardened"
printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../single]\ncomponents: [../../components/seccomp]\n' \
  > "$work/kubernetes/overlays/hardened/kustomization.yaml"
kubectl kustomize "$work/kubernetes/overlays/hardened" > "$work/rendered/hardened.yaml" || fail "the component does not build"
[ "$(grep -c 'localhostProfile: entente.json' "$work/rendered/hardened.yaml")" = "$(grep -c '^kind: StatefulSet' "$work/rendered/hardened.yaml")" ] || fail "the component misses a pod"

step "every object is valid by Kubernetes' schemas and by the restricted profile"
command -v npm >/dev/null || leave_out "no npm to install Kubernetes' schemas with"
mkdir -p "$work/schemas"
(cd "$work/schemas" && npm install --silent --no-audit --no-fund kubernetes-models@4 js-yaml@4 >/dev/null 2>&1) || leave_out "Kubernetes' schemas cannot be installed"
cp tests/deploy/validate.js "$work/schemas/"
(cd "$work/schemas" && node validate.js "$work"/rendered/*.yaml) || fail "a manifest is not valid"
sed '0,/replicas: 1/s//replicas: one/' "$work/rendered/single.yaml" > "$work/rendered/broken"
(cd "$work/schemas" && node validate.js "$work/rendered/broken") >/dev/null 2>&1 && fail "anything is valid"
true
