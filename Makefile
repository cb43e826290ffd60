# spliced: build, try and test. "make help" tells what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO      ?= go
# Where the demo puts its appliance: dir, a folder of sparse files, or ceph, a
# cluster of one node that is started for it.
POOL    ?= dir
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
SUDO    := $(if $(filter 0,$(shell id -u)),,sudo)
CACHE   := $(CURDIR)/.cache

# go-ceph asks for a tag by the release of librbd that it is built against: 1.16
# is Pacific (Debian 12), 1.17 Quincy; newer ones need none.
TAGS = $(shell awk '/define LIBRBD_VER_MINOR/ {print $$3 <= 16 ? "pacific" : $$3 == 17 ? "quincy" : ""}' /usr/include/rbd/librbd.h 2>/dev/null)
export GOFLAGS = -buildvcs=false $(if $(TAGS),-tags=$(TAGS))

LINT_VERSION := v2.15.0
LINT         := $(CACHE)/bin/golangci-lint-$(LINT_VERSION)

# Debian's packages: to build, to show, and to test.
BUILD_PACKAGES := gcc libc6-dev librados-dev librbd-dev libdeflate-dev
LIBVIRT_PACKAGES := iproute2 libvirt-daemon libvirt-daemon-driver-qemu ovmf qemu-block-extra qemu-system-x86 swtpm swtpm-tools
DEMO_PACKAGES  := grub-common grub-pc-bin grub-efi-amd64-bin mtools xz-utils qemu-utils $(LIBVIRT_PACKAGES)
CEPH_PACKAGES  := ceph-common ceph-mgr ceph-mon ceph-osd qemu-block-extra
CHECK_PACKAGES := $(DEMO_PACKAGES) $(CEPH_PACKAGES) bubblewrap dosfstools e2fsprogs gdisk libarchive-tools libnbd-bin \
	libvirt-clients libxml2-utils mmdebstrap python3 python3-configobj python3-jinja2 python3-jsonpatch python3-jsonschema \
	python3-oauthlib python3-requests python3-yaml systemd systemd-container tar xfsprogs
# cloud-init is only unpacked, for what tests ask its code: installed, it would
# configure this host at its next boot.
CLOUD_INIT := $(CACHE)/cloud-init

# What a test may not skip for want of: "make check" has installed it all. The
# corpus of sample files stands beside the project only where it is developed.
REQUIRE := ceph,qemu,systemd,python,mount,xattr,libvirt,mkfs,bwrap,cloud-init,nspawn$(if $(CI),$(comma)corpus)
comma   := ,

# installed, with a list of packages: installs those that are missing.
define installed
missing=; for p in $(1); do \
	[ "$$(dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || missing="$$missing $$p"; done; \
if [ -n "$$missing" ]; then \
	echo "installing:$$missing"; $(SUDO) apt-get -qq update; \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get -qq install -y --no-install-recommends $$missing >/dev/null; fi
endef

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/spliced (with librbd and libdeflate) and bin/splicectl (static)
	@$(call installed,$(BUILD_PACKAGES))
	@$(MAKE) bin/spliced bin/splicectl

# Go knows best what is up to date.
.PHONY: bin/spliced bin/splicectl
bin/spliced:
	@$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $@ ./cmd/spliced
bin/splicectl:
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $@ ./cmd/splicectl

.PHONY: demo
demo: build ## take a real appliance in and boot a VM from it (POOL=dir or POOL=ceph)
	@$(call installed,$(DEMO_PACKAGES) $(if $(filter ceph,$(POOL)),$(CEPH_PACKAGES)))
	@$(GO) run ./test/appliance/cmd --cache $(CACHE)/packages --out $(CACHE)/appliance
	@$(SUDO) env "PATH=$$PATH" GOFLAGS="$$GOFLAGS" CACHE=$(CACHE) POOL=$(POOL) GO=$(GO) test/demo.sh

.PHONY: check
check: build ## everything that CI checks: lint, then all tests, on a cluster of their own
	@$(call installed,$(CHECK_PACKAGES))
	@$(MAKE) $(CLOUD_INIT) lint
	@$(MAKE) test

$(CLOUD_INIT):
	@mkdir -p $@.new && cd $@.new && apt-get -qq -o APT::Sandbox::User=root download cloud-init && dpkg -x cloud-init_*.deb . && rm cloud-init_*.deb
	@mv $@.new $@

.PHONY: test
test: ## all tests, with what "make check" has installed
	@$(SUDO) env "PATH=$$PATH:$(CLOUD_INIT)/usr/bin" PYTHONPATH=$(CLOUD_INIT)/usr/lib/python3/dist-packages \
		GOFLAGS="$$GOFLAGS" SPLICED_REQUIRE=$(REQUIRE) \
		$(GO) run ./test/cephnode/cmd run -- $(GO) test -race -timeout 40m ./...

.PHONY: lint
lint: $(LINT) ## vet, style and import rules
	@$(LINT) run ./...

$(LINT):
	@echo "installing golangci-lint $(LINT_VERSION)"
	@GOBIN=$(CACHE)/bin GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv $(CACHE)/bin/golangci-lint $@

.PHONY: fmt
fmt: $(LINT) ## format the Go code
	@$(LINT) fmt ./...

.PHONY: bench
bench: build bench-catalogue ## time an import against qemu-img convert, the making of VMs, and lists
	@$(call installed,$(DEMO_PACKAGES) $(CEPH_PACKAGES))
	@$(GO) run ./test/bench/cmd data --out $(CACHE)/bench
	@$(SUDO) env "PATH=$$PATH" GOFLAGS="$$GOFLAGS" $(GO) run ./test/cephnode/cmd run --pool bench -- \
		sh -c '$(GO) run ./test/bench/cmd run --data $(CACHE)/bench --conf "$$CEPH_CONF" --pool bench && \
			$(GO) run ./test/libvirtnode/cmd run -- \
			sh -c "$(GO) run ./test/bench/cmd vms --conf \"\$$CEPH_CONF\" --pool bench --libvirt \"\$$LIBVIRT_SOCKET\""'

.PHONY: bench-catalogue
bench-catalogue: build ## time the daemon's lists of 10,000 OVAs and profiles
	@$(SUDO) env "PATH=$$PATH" GOFLAGS="$$GOFLAGS" $(GO) run ./test/bench/cmd catalogue

.PHONY: clean
clean: ## remove what was built, and the cache
	@rm -rf bin $(CACHE)

include packaging/install.mk
