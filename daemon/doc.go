// Package daemon is the process: the sockets it was started with, what it tells
// its service manager, the signals that end it, and where its log goes.
//
// Sockets takes over what systemd passed, Listen makes a socket where nothing
// was passed, Logger writes to the journal or to a terminal, and Run holds the
// process up from READY=1 to the end of the drain. The package knows neither
// requests nor jobs: what is served comes in as functions. It never ends the
// process; Run returns, and main decides.
//
// It speaks the protocols of sd_listen_fds(3), sd_notify(3),
// sd_watchdog_enabled(3) and the journal's native protocol. Away from systemd
// every part of that falls silent, and the daemon runs from a shell just as well.
package daemon
