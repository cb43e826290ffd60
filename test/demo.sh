#!/usr/bin/env bash
# The demo: a real appliance goes through the socket of a real daemon into a
# pool, and comes out as a running machine. "make demo" calls it, as root; CACHE
# holds the appliance, POOL says which kind of pool: dir or ceph.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$POOL" = ceph ] && [ -z "${CEPH_CONF:-}" ]; then
	echo "Starting a Ceph cluster of one node ..."
	exec "$GO" run ./test/cephnode/cmd run --pool demo -- "$0"
fi
if [ -z "${LIBVIRT_SOCKET:-}" ]; then
	echo "Starting a libvirt of the demo's own ..."
	exec "$GO" run ./test/libvirtnode/cmd run -- "$0"
fi

work=$(mktemp -d)
socket=$work/spliced.sock
bridge=spdemo$$
ctl() {
	printf '\n$ splicectl %s\n' "$*"
	bin/splicectl --socket "$socket" "$@"
}

stop() {
	[ -z "${daemon:-}" ] || { kill "$daemon" 2>/dev/null; wait "$daemon" || true; }
	ip link delete "$bridge" 2>/dev/null || true
	rm -rf "$work"
}
trap stop EXIT

case $POOL in
dir) pool="{driver: dir, path: $work/pool}" ;;
ceph) pool="{driver: rbd, conf: $CEPH_CONF, user: admin, pool: demo}" ;;
*) echo "POOL is $POOL; it can be dir or ceph" >&2; exit 2 ;;
esac
# Emulation works everywhere, KVM not in every machine that is one itself. The
# disk may be fuller than a pool should be.
mkdir "$work/serial"
cat >"$work/spliced.yaml" <<EOF
state_dir: $work/state
pools:
  demo: $pool
limits: {pool_fill: 100}
libvirt: {socket: $LIBVIRT_SOCKET, kvm: "off", serial_logs: $work/serial}
EOF
ip link add "$bridge" type bridge

bin/spliced --config "$work/spliced.yaml" --listen "$socket" 2>"$work/log" &
daemon=$!
for _ in $(seq 100); do
	[ -S "$socket" ] && break
	kill -0 "$daemon" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
	sleep 0.1
done

ctl pool list
ctl ova inspect "$CACHE/appliance/demo.ova"

printf '\n$ cat demo.ova | splicectl ova upload demo\n'
# shellcheck disable=SC2002 # a pipe is the point
cat "$CACHE/appliance/demo.ova" | bin/splicectl --socket "$socket" ova upload demo

ctl ova list
ctl ova show demo
printf '\n$ cat %s\n' /var/lib/spliced/ovas/demo.yaml
cat "$work/state/ovas/demo.yaml"

# The upload made a template and a profile; only which network is which is for
# people to say.
ctl profile show demo
ctl template network create demo-net --network "bridge:$bridge"
ctl profile modify demo --network-template demo-net

ctl vm create guest --profile demo
printf '\n(what the machine says on its serial port)\n'
boots() { cat "$work/serial/"guest* 2>/dev/null | grep -a "spliced-demo: up"; }
for _ in $(seq 240); do
	boots >/dev/null && break
	sleep 0.5
done
boots || { echo "The machine doesn't say that it is up." >&2; cat "$work/serial/"guest* >&2; exit 1; }

ctl vm show guest
ctl vm remove guest --destroy --yes
ctl ova remove demo --cascade --yes
ctl ova list
