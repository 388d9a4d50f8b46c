# Everything here does its own set-up. `make test` is what CI runs.

GO ?= go
LINT = $(GO) tool -modfile=tools/go.mod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help build release demo test setup lint unit real fuzz bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: ## build bin/stompgw, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/stompgw ./cmd/stompgw

release: ## make dist/: static binaries for amd64 and arm64, SBOMs, an image, checksums
	cd tools/release && $(GO) run . -version $(VERSION:v%=%) -out ../../dist

demo: ## run the demo on http://localhost:8080/
	$(GO) run ./cmd/stompgw demo

test: setup lint unit real ## everything: linters, unit tests, real brokers, clients and browsers

setup: ## install what the tests need: Debian and npm packages
	test/setup.sh

lint: ## formatting, vet, and the linters pinned in tools/go.mod
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt-clean: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(LINT) staticcheck ./...
	$(LINT) errcheck -ignoretests -exclude tools/errcheck.txt ./...
	cd test && $(GO) vet ./...
	cd test/bench && $(GO) vet ./...
	cd test/sockjsgo && $(GO) vet ./...
	cd test/helm && $(GO) vet ./...
	cd tools/release && $(GO) vet ./...

unit: ## the tests of the packages, with the race detector, and without it for what that hides, and in Go alone
	$(GO) test -race -shuffle=on ./...
	$(GO) test -run AllocatesNothing ./frameinspect ./gateway ./policy
	$(GO) test -race -shuffle=on -tags purego ./frameinspect ./websocket ./gateway # the race detector does not see into assembly

real: ## the tests on real RabbitMQ, ActiveMQ, STOMP clients and Chromium, of the chart and of a release
	cd test && $(GO) test -race -shuffle=on -timeout 20m ./...
	cd test/sockjsgo && $(GO) test -race -shuffle=on ./...
	cd test/helm && $(GO) test -count=1 -shuffle=on ./... # not cached: it reads files of other modules
	cd tools/release && $(GO) test -count=1 -shuffle=on ./...

FUZZTIME ?= 30s
fuzz: ## each fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

bench: ## the table of docs/performance.md, with the rivals in the same run (about an hour; BENCH=-quick for a smoke test)
	test/setup.sh bench
	cd test/bench && $(GO) run . $(BENCH)

clean: ## remove what was built
	rm -rf bin dist
