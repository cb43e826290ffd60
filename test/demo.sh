#!/usr/bin/env bash
# The demo: a real appliance goes through the socket of a real daemon into a
# pool, and out again. "make demo" calls it; CACHE holds the appliance, POOL says
# which kind of pool: dir or ceph.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$POOL" = ceph ] && [ -z "${CEPH_CONF:-}" ]; then
	echo "Starting a Ceph cluster of one node ..."
	exec "$GO" run ./test/cephnode/cmd run --pool demo -- "$0"
fi

work=$(mktemp -d)
socket=$work/spliced.sock
ctl() {
	printf '\n$ splicectl %s\n' "$*"
	bin/splicectl --socket "$socket" "$@"
}

stop() {
	[ -z "${daemon:-}" ] || { kill "$daemon" 2>/dev/null; wait "$daemon" || true; }
	rm -rf "$work"
}
trap stop EXIT

case $POOL in
dir) pool="{driver: dir, path: $work/pool}" ;;
ceph) pool="{driver: rbd, conf: $CEPH_CONF, user: admin, pool: demo}" ;;
*) echo "POOL is $POOL; it can be dir or ceph" >&2; exit 2 ;;
esac
printf 'state_dir: %s\npools:\n  demo: %s\n' "$work/state" "$pool" >"$work/spliced.yaml"

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
ctl ova remove demo --cascade --yes
ctl ova list
