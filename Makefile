SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Linters run as Go modules of a pinned version; nothing is installed.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Packages with concurrency of their own run under the race detector, too.
RACE := ./callback/... ./crypto/... ./notify/... ./simulator/... ./sql/... ./token/... ./wechat/...

# How long each fuzz target runs, in `make test` and in `make prove`.
FUZZ_SHORT := 5s
FUZZ_LONG := 5m

PROGRAM := bin/wechattpp

.PHONY: help demo build test prove bench mariadb clean \
        tools format modules vet lint generated unit race fuzz unit-long fuzz-long

help: ## Show this list
	@echo "wechattpp: a self-hosted WeChat third-party platform"
	@echo
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

demo: build ## Play the main job beside a simulated WeChat, then stay up
	@$(PROGRAM) demo

build: ## Build bin/wechattpp
	@mkdir -p bin
	@go build -trimpath -o $(PROGRAM) ./cmd/wechattpp

test: ## Everything the CI checks, under 15 minutes on two cores
	@started=$$SECONDS; $(MAKE) tools format modules vet lint generated; \
	.ci/with-mariadb $(MAKE) unit race; \
	$(MAKE) fuzz; \
	echo "make test: all checks passed in $$((SECONDS - started)) s"

prove: ## The long forms: many kills, long fuzzing; run before a release
	@$(MAKE) tools; .ci/with-mariadb $(MAKE) unit-long; $(MAKE) fuzz-long

bench: build ## Measure the built program over HTTP, print one table
	@.ci/need gcc gcc libc6-dev
	@.ci/with-mariadb go run ./bench

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

format:
	@echo "== format"
	@files=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$files" ] || { echo "run gofmt -w on:" $$files >&2; exit 1; }
	@for script in .ci/*; do bash -n "$$script"; done

modules:
	@echo "== modules"
	@go mod verify
	@go mod tidy -diff

vet:
	@echo "== vet"
	@go build ./...
	@go vet ./...

lint:
	@echo "== lint"
	@go run $(STATICCHECK) ./...

generated:
	@echo "== generated files"
	@.ci/unchanged go generate ./...

unit:
	@echo "== unit tests, both databases"
	@go test -timeout 10m ./...

race:
	@echo "== race detector"
	@go test -race -short -timeout 10m $(RACE)

fuzz:
	@echo "== fuzzing, $(FUZZ_SHORT) a target"
	@.ci/fuzz $(FUZZ_SHORT)

unit-long:
	@WECHATTPP_PROVE=1 go test -count=1 -timeout 2h ./...

fuzz-long:
	@.ci/fuzz $(FUZZ_LONG)
