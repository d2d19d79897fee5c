# Shared by the stories: a PKI, a running suite in a folder of its own, and ways to speak as a state.
# A story is a bash script that sources this with the folder of the binaries as $1.
set -euo pipefail
bin=$(cd "$1" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
export PATH=$bin:$PATH
suite_pid=
port=

finish() {
  local code=$?
  [ -n "$suite_pid" ] && kill -KILL "$suite_pid" 2>/dev/null
  local others
  others=$(jobs -p)
  [ -z "$others" ] || kill -KILL $others 2>/dev/null || true
  if [ "$code" -ne 0 ] && [ "$code" -ne 77 ]; then
    echo "story failed with $code; the suite's last words:" >&2
    tail -5 "$work/suite.log" >&2 || true
  fi
  rm -rf "$work"
  exit "$code"
}
trap finish EXIT

fail() { echo "FAIL: $*" >&2; exit 1; }
# Whether a command is refused with this reason.
refused() { # reason command…
  local reason=$1 out
  shift
  out=$("$@" 2>&1) && return 1
  grep -q "$reason" <<<"$out"
}
step() { echo "-- $*"; }

make_regime() { # [groups…]
  groups=${*:-leem iem}
  entente pki init "$work/pki" --states au,jp,kr,nz >/dev/null
  for state in au jp kr nz; do # jp chairs TEM
    local seats=() seat
    for seat in $("$root/deploy/groups" | cut -d' ' -f1); do
      [ $state$seat = jptem ] && seat+=:read,submit,chair || seat+=:read,submit
      seats+=(--seat "$seat")
    done
    entente pki issue "$work/pki" --state $state --agency licensing --officer officer-1 "${seats[@]}" >/dev/null
  done
  cp "$root/deploy/config/profile.textproto" "$work/"
  local client
  for client in "$work"/pki/agencies/*/licensing/client.textproto; do
    echo "profile_file: \"$work/profile.textproto\"" >> "$client"
  done
  cat > "$work/server.textproto" <<CONFIG
directory_file: "pki/directory.textproto"
directory_key_file: "pki/directory.pub"
profile_file: "profile.textproto"
CONFIG
  # Who follows a group must know where it is before either serves.
  local -A port_of=()
  local followed
  for followed in $("$root/deploy/groups" | cut -s -d' ' -f3); do
    port_of[$followed]=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  done
  for group in $groups; do
    local at=${port_of[$group]:-0} follows=
    followed=$("$root/deploy/groups" | sed -n "s/^$group [0-9]* //p")
    if [ -n "$followed" ] && [[ " $groups " == *" $followed "* ]]; then
      follows="upstreams { group: \"$followed\" address: \"127.0.0.1:${port_of[$followed]}\" }"
    fi
    cat >> "$work/server.textproto" <<CONFIG
groups {
  $follows
  group: "$group" listen: "127.0.0.1:$at" database_file: "$group.db"
  tls_certificate_file: "pki/services/$group.crt" tls_key_file: "pki/services/$group.key"
  log_key_file: "pki/services/$group.log.key"
  client_certificate_file: "pki/services/$group.client.crt" client_key_file: "pki/services/$group.client.key"
}
CONFIG
  done
}

serving_port() { # group
  sed -n "s/.*\"message\":\"serving\",\"group\":\"$1\",\"port\":\"\([0-9]*\)\".*/\1/p" "$work/suite.log"
}

# Starts the suite, under a command if one is given, and learns its port.
start_suite() {
  : > "$work/suite.log"
  "$@" entente-suite --config "$work/server.textproto" >>"$work/suite.log" 2>&1 &
  suite_pid=$!
  port=
  for group in $groups; do
    local at=
    for _ in $(seq 600); do
      at=$(serving_port "$group")
      [ -n "$at" ] && break
      kill -0 "$suite_pid" 2>/dev/null || return 1
      sleep 0.05
    done
    [ -n "$at" ] || return 1
    sed -i "s/\(\"$group\" address: \"127.0.0.1:\)[0-9]*/\1$at/" "$work"/pki/agencies/*/*/client.textproto
    [ "$group" = leem ] && port=$at
  done
  true
}

stop_suite() { # signal
  kill "-$1" "$suite_pid" 2>/dev/null || true
  wait "$suite_pid" 2>/dev/null || true
  suite_pid=
}

export ENTENTE_YES=1  # nobody is asked, whatever terminal this runs at
config_of() { echo "$work/pki/agencies/$1/licensing/client.textproto"; }
as() { local state=$1; shift; ENTENTE_CONFIG=$(config_of "$state") entente "$@"; }
as_operator() { ENTENTE_CONFIG=$(config_of jp) entente-admin "$@"; }

denial() { # reference [state,state]
  entente denial new | sed "s/\"reference\": \"2016-0042\"/\"reference\": \"$1\"/" |
    if [ -n "${2:-}" ]; then
      sed "s/\"audience\": {\"all_partners\": {}}/\"audience\": {\"listed\": {\"states\": [$(sed 's/[a-z][a-z]/"&"/g' <<<"$2")]}}/"
    else cat; fi
}

# Sample documents of IEM, on standard output.
alert() { entente alert new | sed "s/\"reference\": \"2016-1\"/\"reference\": \"$1\"/"; } # reference
report() { entente report new | sed "s/\"reference\": \"2016-h1\"/\"reference\": \"$1\"/"; } # reference
# Names the audience of the document on standard input.
listed() { # state,state
  sed "s/\"audience\": {\(\"all_partners\": {}\|\"listed\": {\"states\": \[[^]]*\]}\)}/\"audience\": {\"listed\": {\"states\": [$(sed 's/[a-z][a-z]/"&"/g' <<<"$1")]}}/"
}
# Adds a source that the document on standard input derives from.
derives_from() { # name
  sed "s|\"body\": {|\"references\": [{\"relation\": \"RELATION_DERIVES_FROM\", \"name\": \"$1\"}],\n  \"body\": {|"
}

# The miniature Annex as the edition 2016-03-17, published by jp, who chairs TEM.
publish_annex() {
  as jp annex import "$root/deploy/sample/miniature-annex.csv" --edition 2016-03-17 --title "Miniature Annex" -o "$work/annex.json" 2>/dev/null
  as jp annex approve "$work/annex.json" --decision "as it stood" >/dev/null
  as jp annex publish "$work/annex.json" >/dev/null
}
# A proposal with these changes (JSON), on standard output.
proposal() { # reference changes
  entente proposal new | sed "s/\"reference\": \"2016-1\"/\"reference\": \"$1\"/" |
    python3 -c 'import re, sys
text = sys.stdin.read()
print(re.sub(r"\"changes\": \[.*\]", lambda m: "\"changes\": " + sys.argv[1], text, flags=re.S))' "$2"
}
position() { # state proposal kind [text]
  as "$1" proposal position "partners/$2" --kind "$3" ${4:+--text "$4"} >/dev/null
}

lite_rows() { # count: a LITE CSV of so many invented denials
  printf 'reference,regime_reg_ref,name,address,notifying_government,country,denial_cle,item_description,end_use,reason_for_refusal,entity_type\r\n'
  local i
  for ((i = 1; i <= $1; ++i)); do
    printf 'R/%d,JP-%d,Penguin %d,Ice Shelf,Japan,Antarctica,catch all,Not stated,Not stated,Risk,end_user\r\n' "$i" "$i" "$i"
  done
}
