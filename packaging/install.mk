# Installs what has been built. Included by the Makefile; alone it works too:
#   make -f packaging/install.mk install DESTDIR=/tmp/tree

DESTDIR ?=
PREFIX ?= /usr
# Where the built binaries are.
BIN ?= bin

INSTALL ?= install
PACKAGING := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

sbindir := $(PREFIX)/sbin
bindir := $(PREFIX)/bin
libdir := $(PREFIX)/lib
docdir := $(PREFIX)/share/doc/spliced

# The units name the daemon where it gets installed, without DESTDIR.
define install-unit
sed 's|^ExecStart=/usr/sbin/|ExecStart=$(sbindir)/|' '$(PACKAGING)/$(1)' >'$(DESTDIR)$(libdir)/systemd/system/$(1)'
chmod 0644 '$(DESTDIR)$(libdir)/systemd/system/$(1)'
endef

.PHONY: install
install: ## put binaries, units and examples under DESTDIR, for PREFIX
	$(INSTALL) -d -m 0755 '$(DESTDIR)$(sbindir)' '$(DESTDIR)$(bindir)' '$(DESTDIR)$(libdir)/systemd/system' \
		'$(DESTDIR)$(libdir)/sysusers.d' '$(DESTDIR)$(libdir)/tmpfiles.d' '$(DESTDIR)$(docdir)'
	$(INSTALL) -m 0755 '$(BIN)/spliced' '$(DESTDIR)$(sbindir)/spliced'
	$(INSTALL) -m 0755 '$(BIN)/splicectl' '$(DESTDIR)$(bindir)/splicectl'
	$(call install-unit,spliced.socket)
	$(call install-unit,spliced.service)
	$(INSTALL) -m 0644 '$(PACKAGING)/sysusers.d/spliced.conf' '$(DESTDIR)$(libdir)/sysusers.d/spliced.conf'
	$(INSTALL) -m 0644 '$(PACKAGING)/tmpfiles.d/spliced.conf' '$(DESTDIR)$(libdir)/tmpfiles.d/spliced.conf'
	$(INSTALL) -m 0644 '$(PACKAGING)/spliced.yaml' '$(DESTDIR)$(docdir)/spliced.yaml'
	$(INSTALL) -m 0644 '$(PACKAGING)/../LICENSE' '$(PACKAGING)/../docs/OPERATIONS.md' '$(PACKAGING)/../docs/PROTOCOL.md' '$(DESTDIR)$(docdir)/'
