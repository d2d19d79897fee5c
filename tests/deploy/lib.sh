# What the parts share. $root is the project, $bin its binaries, $work a folder of this run.
step() { echo "--    $*"; }
fail() { echo "FAIL: $*" >&2; exit 1; }
groups=$("$root/deploy/groups" | sed 's/ .*//')
leave_out() { echo "left out: $*"; exit 77; }
await() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done; return 1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
need() { # package command
  command -v "$2" >/dev/null && return 0
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >>"$work/apt.log" 2>&1
  command -v "$2" >/dev/null || leave_out "$1 cannot be installed"
}

# Podman with a store of this run, on hosts with cgroup v1 and without systemd as well.
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n' > "$work/containers.conf"
export CONTAINERS_CONF=$work/containers.conf
podman_flags=(--root "$work/storage" --runroot "$work/runroot" --storage-driver vfs --runtime runc
  --cgroup-manager cgroupfs --events-backend none --network-config-dir "$work/networks")
pm() { podman "${podman_flags[@]}" "$@"; }
# How every container of the suite runs.
limits=(--user 65532:65532 --read-only --cap-drop all --security-opt no-new-privileges
  --security-opt "seccomp=$root/deploy/seccomp.json" --memory 512m --pids-limit 256 --ulimit nofile=1024:1024
  --ulimit nproc=1000:1000 --network host --no-healthcheck)

export ENTENTE_YES=1  # nobody is asked, whatever terminal this runs at
as() { local state=$1; shift; ENTENTE_CONFIG=$work/pki/agencies/$state/licensing/client.textproto entente "$@"; }
denial() { entente denial new | sed "s/\"reference\": \"2016-0042\"/\"reference\": \"$1\"/"; }
keys_inside=(--directory /etc/entente/directory.textproto --directory-key /etc/entente/directory.pub)
port_of() { cat "$work/ports/$1"; }            # group or group.metrics
metrics_of() { echo "127.0.0.1:$(port_of "$1.metrics")"; }
serves() { entente status --metrics "$(metrics_of "$1")" --quiet; }
ready() { for _ in $(seq 600); do serves "$1" 2>/dev/null && return 0; sleep 0.05; done; fail "$1 is not ready"; }
# From the process's start to its ready line, by its own log: the container's start not counted.
start_ms() { # container
  pm logs "$1" 2>&1 | python3 -c '
import datetime, json, sys
at = {}
for line in sys.stdin:
    if line.startswith("{"):
        one = json.loads(line)
        at[one["message"]] = datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00"))
print(round((at["serving"] - at["starting"]).total_seconds() * 1000))'
}
pid_of() { pm inspect "$1" --format '{{.State.Pid}}'; }
start() { # group: a container that runs it
  pm run -d --name "entente-$1" "${limits[@]}" -v "$work/etc:/etc/entente:ro" -v "$work/etc-keys/$1:/run/secrets:ro" \
    -v "$work/volumes/$1:/var/lib/entente" -v "$work/volumes/$1-heads:/var/lib/heads" -v "$work/volumes/$1-audit:/var/lib/audit" \
    --entrypoint "/usr/bin/entente-$1" localhost/entente --config "/etc/entente/$1.textproto" >/dev/null
  ready "$1"
}
again() { pm start "entente-$1" >/dev/null; ready "$1"; }
# Submits one denial after another; what was acknowledged stands in $work/acknowledged.
many() { # first last
  for i in $(seq "$1" "$2"); do
    denial "$i" > "$work/m$i.json"
    as jp denial notify "$work/m$i.json" >/dev/null 2>&1 && echo "partners/jp/denials/$i" >> "$work/acknowledged" || true
  done
}
nothing_lost() {
  as jp denial list --json | grep -o 'partners/jp/denials/[0-9]*' | sort -u > "$work/listed"
  [ -s "$work/acknowledged" ] || fail "nothing was acknowledged: this shows nothing"
  sort -u "$work/acknowledged" | comm -23 - "$work/listed" > "$work/lost"
  [ ! -s "$work/lost" ] || fail "acknowledged and lost: $(head -3 "$work/lost")"
}
# The miniature Annex, by jp, who chairs TEM.
publish_annex() {
  rm -f "$work/annex.json"
  as jp annex import "$root/deploy/sample/miniature-annex.csv" --edition 2016-03-17 --title "Miniature Annex" -o "$work/annex.json" 2>/dev/null
  as jp annex approve "$work/annex.json" --decision "as it stood" >/dev/null
  as jp annex publish "$work/annex.json" >/dev/null
}
last_words() {
  command -v podman >/dev/null || return 0
  local container
  for container in $(pm ps -a --format '{{.Names}}' 2>/dev/null | grep -v infra); do
    echo "last words of $container:"
    pm logs "$container" 2>&1 | tail -2 | cut -c1-300
  done
}
finish() {
  local code=$?
  if command -v podman >/dev/null; then
    pm pod rm -f -a -t 0 >/dev/null 2>&1
    pm rm -f -a -t 0 >/dev/null 2>&1
    pm network rm -f exchange >/dev/null 2>&1
  fi
  rm -rf "$work"
  exit "$code"
}
