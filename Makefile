SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# A checkout that belongs to another user builds, too: git would refuse to tell its version.
export GOFLAGS := $(GOFLAGS) -buildvcs=false

# Go and the linters keep their caches below HOME: where there is none, as in a bare container, or none to write to,
# they have a folder of their own.
ifneq ($(shell [ -d "$${HOME:-}" ] && [ -w "$$HOME" ] && echo yes),yes)
export HOME := $(or $(TMPDIR),/tmp)/wechattpp-home-$(shell id -u)
endif

# Linters run as Go modules of a pinned version; nothing is installed.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Packages with concurrency of their own run under the race detector, too.
RACE := ./callback/... ./crypto/... ./notify/... ./simulator/... ./sql/... ./token/... ./wechat/...

# A minute each under the detector, and nothing for it to find that others do not show: hours of a fake clock in
# one goroutine, and hundreds of codes, one send after the other.
NO_RACE := ^(TestWhoseFault|TestEachCodeOfTheVendorHasItsFateAndItsWords|TestEveryCodeOfWeComDoesWhatItsTableSays)$$

# How long each fuzz target runs, in `make test` and in `make prove`.
FUZZ_SHORT := 4s
FUZZ_LONG := 5m

PROGRAM := bin/wechattpp

.PHONY: help demo build test prove bench mariadb clean \
        tools format modules vet lint generated unit race fuzz unit-long fuzz-long

help: ## Show this list
	@echo "wechattpp: a self-hosted WeChat third-party platform"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## Play the main job beside a simulated WeChat, then stay up
	@$(PROGRAM) demo

build: ## Build bin/wechattpp
	@mkdir -p bin
	@go build -trimpath -buildvcs=$$(git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false) -o $(PROGRAM) ./cmd/wechattpp

test: ## Everything the CI checks, under 15 minutes on two cores
	@.ci/steps tools format modules vet lint generated
	@.ci/with-mariadb .ci/steps unit race
	@.ci/steps fuzz
	@echo "make test: all checks passed"

prove: ## The long forms: many kills, long fuzzing; run before a release
	@.ci/steps tools
	@.ci/with-mariadb .ci/steps unit-long
	@.ci/steps fuzz-long

bench: ## Measure the built program over HTTP, print one table (ten minutes)
	@.ci/need gcc gcc libc6-dev
	@go run ./bench

mariadb: ## Start a MariaDB for single test runs, print the variable to set
	@echo "export WECHATTPP_TEST_MYSQL='$$(.ci/mariadb start data/mariadb)'"
	@echo "# stop it with: .ci/mariadb stop data/mariadb"

clean: ## Remove what was built, and stop the test database
	@.ci/mariadb stop data/mariadb
	@rm -rf bin dist data/mariadb

# The steps of `make test`, each to be run alone, too.

tools:
	@.ci/need gcc gcc libc6-dev
	@.ci/need nginx nginx
	@.ci/need curl curl

format:
	@files=$$(gofmt -l .); [ -z "$$files" ] || { echo "run gofmt -w on:" $$files >&2; exit 1; }
	@for script in .ci/* deploy/make-secrets; do bash -n "$$script"; done

modules:
	@go mod verify
	@.ci/tidy

vet:
	@go build ./...
	@go vet ./...

lint:
	@go run $(STATICCHECK) ./...

generated:
	@.ci/unchanged go generate ./...

unit:
	@go test -parallel 4 -timeout 15m ./...

race:
	@go test -race -short -skip '$(NO_RACE)' -timeout 10m $(RACE)

fuzz:
	@.ci/fuzz $(FUZZ_SHORT)

unit-long:
	@WECHATTPP_TEST_PROVE=1 go test -count=1 -parallel 16 -timeout 2h ./...

fuzz-long:
	@.ci/fuzz $(FUZZ_LONG)
