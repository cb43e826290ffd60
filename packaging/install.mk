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
mandir := $(PREFIX)/share/man/man1
bashdir := $(PREFIX)/share/bash-completion/completions
zshdir := $(PREFIX)/share/zsh/site-functions
fishdir := $(PREFIX)/share/fish/vendor_completions.d

# The units name the daemon where it gets installed, without DESTDIR.
define install-unit
sed 's|^ExecStart=/usr/sbin/|ExecStart=$(sbindir)/|' '$(PACKAGING)/$(1)' >'$(DESTDIR)$(libdir)/systemd/system/$(1)'
chmod 0644 '$(DESTDIR)$(libdir)/systemd/system/$(1)'
endef

# splicectl writes its own completions, so they fit what is installed.
define install-completion
'$(BIN)/splicectl' completion $(1) >'$(DESTDIR)$(2)'
chmod 0644 '$(DESTDIR)$(2)'
endef

.PHONY: install
install: ## put binaries, units, manual and examples under DESTDIR, for PREFIX
	$(INSTALL) -d -m 0755 '$(DESTDIR)$(sbindir)' '$(DESTDIR)$(bindir)' '$(DESTDIR)$(libdir)/systemd/system' \
		'$(DESTDIR)$(libdir)/sysusers.d' '$(DESTDIR)$(libdir)/tmpfiles.d' '$(DESTDIR)$(docdir)' \
		'$(DESTDIR)$(mandir)' '$(DESTDIR)$(bashdir)' '$(DESTDIR)$(zshdir)' '$(DESTDIR)$(fishdir)'
	$(INSTALL) -m 0755 '$(BIN)/spliced' '$(DESTDIR)$(sbindir)/spliced'
	$(INSTALL) -m 0755 '$(BIN)/splicectl' '$(DESTDIR)$(bindir)/splicectl'
	$(call install-unit,spliced.socket)
	$(call install-unit,spliced.service)
	$(INSTALL) -m 0644 '$(PACKAGING)/sysusers.d/spliced.conf' '$(DESTDIR)$(libdir)/sysusers.d/spliced.conf'
	$(INSTALL) -m 0644 '$(PACKAGING)/tmpfiles.d/spliced.conf' '$(DESTDIR)$(libdir)/tmpfiles.d/spliced.conf'
	$(INSTALL) -m 0644 '$(PACKAGING)/spliced.yaml' '$(PACKAGING)/scripts.conf' '$(DESTDIR)$(docdir)/'
	$(INSTALL) -m 0644 '$(PACKAGING)/../LICENSE' '$(PACKAGING)/../docs/CATALOGUE.md' '$(PACKAGING)/../docs/OPERATIONS.md' '$(PACKAGING)/../docs/PROTOCOL.md' '$(DESTDIR)$(docdir)/'
	'$(BIN)/splicectl' man '$(DESTDIR)$(mandir)'
	chmod 0644 '$(DESTDIR)$(mandir)'/splicectl*.1
	$(call install-completion,bash,$(bashdir)/splicectl)
	$(call install-completion,zsh,$(zshdir)/_splicectl)
	$(call install-completion,fish,$(fishdir)/splicectl.fish)
