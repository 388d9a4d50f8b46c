# Everything here does its own set-up. `make test` is what CI runs.

GO ?= go
LINT = $(GO) tool -modfile=tools/go.mod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: help build demo test setup lint unit real fuzz bench clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: ## build bin/stompgw, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/stompgw ./cmd/stompgw

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

unit: ## the tests of the packages, with the race detector, and without it for what that hides
	$(GO) test -race -shuffle=on ./...
	$(GO) test -run AllocatesNothing ./frameinspect ./gateway

real: ## the tests on real RabbitMQ, ActiveMQ, STOMP clients and Chromium
	cd test && $(GO) test -race -shuffle=on -timeout 20m ./...
	cd test/sockjsgo && $(GO) test -race -shuffle=on ./...

FUZZTIME ?= 30s
fuzz: ## each fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

bench: setup ## the table of docs/performance.md, with the rivals in the same run (about an hour; BENCH=-quick for a smoke test)
	cd test/bench && $(GO) run . $(BENCH)

clean: ## remove what was built
	rm -rf bin dist
