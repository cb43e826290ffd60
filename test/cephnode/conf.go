package cephnode

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Kinds of object store that an OSD can have.
const (
	// Memstore keeps all data in the OSD's memory: the quickest, and empty
	// again when the OSD is killed.
	Memstore = "memstore"
	// Bluestore keeps the data in a sparse file in the node's folder.
	Bluestore = "bluestore"
)

// conf writes the text of ceph.conf. Options that a release doesn't know are
// ignored by it, so the same text serves all of them.
func conf(dir, fsid string, port int, o Options) string {
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, value) }

	b.WriteString("[global]\n")
	set("fsid", fsid)
	set("mon_host", fmt.Sprintf("v2:127.0.0.1:%d", port))
	set("public_addr", "127.0.0.1")
	set("ms_bind_ipv4", "true")
	set("ms_bind_ipv6", "false")
	set("keyring", filepath.Join(dir, "keyring"))
	set("auth_allow_insecure_global_id_reclaim", "false")
	set("run_dir", dir)
	set("crash_dir", dir)
	set("pid_file", "")
	set("admin_socket", "") // its path may be longer than the 107 bytes of a socket's
	set("log_file", "")     // of clients: nothing in /var/log
	set("osd_pool_default_size", "1")
	set("osd_pool_default_min_size", "1")
	set("osd_pool_default_pg_num", "8")
	set("osd_pool_default_pgp_num", "8")
	set("osd_pool_default_pg_autoscale_mode", "off")
	set("osd_crush_chooseleaf_type", "0")

	b.WriteString("\n[mon]\n")
	set("mon_data", filepath.Join(dir, "mon"))
	set("log_file", logFile(dir))
	set("mon_cluster_log_file", "")
	set("mon_allow_pool_size_one", "true")
	set("mon_allow_pool_delete", "true")
	set("mon_warn_on_pool_no_redundancy", "false")
	set("mon_max_pg_per_osd", "10000")
	set("mon_data_avail_warn", "1")
	set("mon_data_avail_crit", "0")
	set("paxos_propose_interval", "0.05")
	set("paxos_min_wait", "0.01")

	b.WriteString("\n[mgr]\n")
	set("mgr_data", filepath.Join(dir, "mgr"))
	set("log_file", logFile(dir))
	set("mgr_module_path", filepath.Join(dir, "modules"))
	set("mgr_initial_modules", "")
	set("mgr_stats_period", "1")
	set("mgr_tick_period", "1")

	b.WriteString("\n[osd]\n")
	set("osd_data", filepath.Join(dir, "osd"))
	set("log_file", logFile(dir))
	set("osd_objectstore", o.Store)
	set("memstore_device_bytes", fmt.Sprint(o.Size))
	set("bluestore_block_size", fmt.Sprint(o.Size))
	set("osd_max_pg_per_osd_hard_ratio", "100")
	set("osd_mon_shutdown_timeout", "1")
	set("mon_client_hunt_interval", "0.5") // finds a restarted monitor at once

	// The last value of a key is the one that holds, but a section of the
	// daemon's own wins over [global].
	for _, section := range []string{"global", "mon", "mgr", "osd"} {
		fmt.Fprintf(&b, "\n[%s]\n", section)
		for _, key := range slices.Sorted(maps.Keys(o.Conf)) {
			set(key, o.Conf[key])
		}
	}
	return b.String()
}

// logFile is where a daemon logs; Ceph puts the daemon's name in.
func logFile(dir string) string {
	return filepath.Join(dir, "$name.log")
}
