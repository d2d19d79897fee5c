# One small image from a base made with mmdebstrap, twice the same.
no_containers() { touch "$work/no-containers"; leave_out "containers cannot run here: $*"; }
[ "$(id -u)" -eq 0 ] || no_containers "not root"
for tool in podman buildah runc catatonit mmdebstrap; do (need "$tool" "$tool") || no_containers "$tool cannot be installed"; done
[ -x /usr/lib/podman/netavark ] && [ -x /usr/lib/podman/aardvark-dns ] ||
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends netavark aardvark-dns >>"$work/apt.log" 2>&1 || true
deploy/image/base "$work/base.tar" "$bin/entente" "$bin/entente-admin" "$bin/entente-suite" > "$work/base.log" 2>&1 || no_containers "mmdebstrap: $(tail -1 "$work/base.log")"
pm import "$work/base.tar" localhost/entente-base >/dev/null 2>"$work/import.log" || no_containers "$(tail -1 "$work/import.log")"
rm "$work/base.tar"
mkdir -p "$work/context/build/release" "$work/context/deploy/image"
cp -r "$bin" "$work/context/build/release/bin"
cp deploy/image/collect "$work/context/deploy/image/"
cp deploy/groups "$work/context/deploy/"
build() { # tag
  pm build --isolation chroot --format docker --timestamp 0 --no-cache --build-arg BUILDER=prebuilt \
    --build-arg BASE=localhost/entente-base -f deploy/Containerfile -t "$1" "$work/context" > "$work/build.log" 2>&1 || fail "the image does not build: $(tail -5 "$work/build.log")"
}
step "the image is small, and built again it is the same to the byte"
build localhost/entente
build localhost/again
layers() { pm image inspect "$1" --format '{{.RootFS.Layers}}'; }
[ "$(layers localhost/entente)" = "$(layers localhost/again)" ] || fail "two builds differ"
pm rmi localhost/again >/dev/null 2>&1
size=$(pm image inspect localhost/entente --format '{{.Size}}')
echo "      image: $((size / 1048576)) MiB"
[ "$size" -lt $((150 * 1048576)) ] || fail "the image is too large"

step "it holds no shell, and says what it holds"
pm run --rm "${limits[@]}" --entrypoint /usr/bin/entente localhost/entente --version >/dev/null 2>"$work/error" || no_containers "$(tail -1 "$work/error")"
pm run --rm "${limits[@]}" --entrypoint /bin/sh localhost/entente -c true >/dev/null 2>&1 && fail "there is a shell in the image"
mkdir "$work/rootfs"
pm export "$(pm create localhost/entente)" | tar -x -C "$work/rootfs"
pm rm -a >/dev/null
sbom=$work/rootfs/usr/share/doc/entente/sbom.spdx
# Every library is of a package that the bill of materials names, and whose licence is in the image.
find "$work/rootfs" -name '*.so*' -type f | while read -r file; do
  library=$(readlink -f "${file#"$work/rootfs"}")
  package=$({ dpkg -S "$library" || dpkg -S "${library#/usr}"; } 2>/dev/null | head -1 | sed 's/:.*//')
  grep -qx "PackageName: $package" "$sbom" || fail "$file of $package is not in the bill of materials"
  [ -s "$work/rootfs/usr/share/doc/$package/copyright" ] || fail "the licence of $package is missing"
done
for tag in SPDXVersion: DataLicense: DocumentNamespace: 'Relationship: SPDXRef-DOCUMENT DESCRIBES'; do grep -q "^$tag" "$sbom" || fail "the bill of materials has no $tag"; done
find "$work/rootfs" -perm /6000 -type f | grep . && fail "a file in the image is setuid"
label=$(pm image inspect localhost/entente --format '{{index .Labels "org.opencontainers.image.title"}}')
[ "$label" = entente ] || fail "no labels"

step "the seccomp profile refuses what a service never needs"
ask_kernel() { pm run --rm "${limits[@]}" --entrypoint /usr/bin/perl localhost/entente-base -e 'exit(syscall(101, 0, 0, 0, 0) == 0 ? 0 : 9)'; }
ask_kernel > /dev/null 2>&1 && fail "a container may trace processes"
[ $? -ne 0 ]
