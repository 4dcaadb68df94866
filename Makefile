.DEFAULT_GOAL := all
SHELL := /bin/sh

LINT  := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FILE  ?=
DATA  ?= ./data
LISTEN ?= 127.0.0.1:8443
PAGE   ?= 127.0.0.1:8080
FUZZTIME ?= 30s
KILLS ?= 1000
SADS ?= 100000
ROUNDS ?= 100
CONTESTS ?= 500
OVERLOAD ?= 30s
BENCH ?=
CASES ?=
# A codec that gin brings along and nobody here speaks: 10 MB of the program.
TAGS := nomsgpack
# A program with the race detector waits a second before it ends, if nothing is
# said, and the tests run some hundreds of them.
GORACE ?= atexit_sleep_ms=20

.PHONY: all build vet lint test e2e guide demo run conform mutants clauses transcripts bench soak fuzz clean help

all: build vet lint ## build, vet and lint

build: ## build the programs into bin/
	@scripts/need cc
	go build -tags $(TAGS) -o bin/pecete ./cmd/pecete
	CGO_ENABLED=0 go build -o bin/cscheck ./cmd/cscheck

vet: ## go vet
	go vet ./...

lint: ## golangci-lint with .golangci.yml
	go run $(LINT) run ./...

test: ## every test, with the race detector and real servers; installs what is missing
	@scripts/need cc softhsm redis postgres poppler qpdf openssl nss oathtool zbar chromium opensc curl jq strace ps openid-client promtool axe smtp
	GORACE='$(GORACE)' go test -race -timeout 20m -p $$(($$(getconf _NPROCESSORS_ONLN) + 1)) ./...

e2e: ## every page in a real browser, both languages, on a phone and on a desk; pictures in build/screens
	@scripts/need cc softhsm oathtool zbar poppler nss chromium axe smtp
	go test -count=1 -timeout 15m ./internal/e2e

guide: e2e ## take the pictures of docs/guide anew
	@scripts/guide

demo: ## sign a PDF (FILE=some.pdf) over the API with a key in an HSM, from nothing
	@scripts/need cc softhsm
	@go build -tags $(TAGS) -o bin/pecete ./cmd/pecete
	@go run ./internal/demo -pecete bin/pecete -out build/demo $(if $(FILE),-file '$(FILE)')

run: ## serve with a data folder that stays, and a sample application (DATA, LISTEN, PAGE)
	@scripts/need cc softhsm
	@go build -tags $(TAGS) -o bin/ ./cmd/pecete ./examples/signing-app
	@scripts/run bin/pecete bin/signing-app $(DATA) $(LISTEN) $(PAGE)

conform: ## run the conformance suite against a freshly started server; reports in build/conformance
	@scripts/need cc softhsm
	@go build -tags $(TAGS) -o bin/pecete ./cmd/pecete
	@CGO_ENABLED=0 go build -o bin/cscheck ./cmd/cscheck
	@go run ./internal/conform -pecete bin/pecete -cscheck bin/cscheck

mutants: ## try the suite on servers made wrong on purpose: exactly the named cases must notice each (CASES=signHash/)
	@scripts/need cc softhsm
	@go build -tags $(TAGS) -o bin/pecete ./cmd/pecete
	@go run ./internal/conform -pecete bin/pecete -out build/mutants -mutants $(CASES)

clauses: ## write docs/clauses.md and docs/cases.md: each clause with its code and tests, and all cases
	go run ./internal/clauses

transcripts: ## write what the commands of docs/transcript-*.md print
	@scripts/need cc softhsm curl jq oathtool openssl poppler
	go test -count=1 -run '^TestTranscripts$$' ./internal/servertest -update

bench: ## the whole server against its bare device, in one run (BENCH=-short for a quick try)
	@scripts/need cc softhsm redis
	@go build -tags $(TAGS),crowd -o build/bench/pecete ./cmd/pecete
	go test -run '^$$' -bench '^BenchmarkSign$$' -benchtime 1x ./hsm
	@go run ./internal/bench -pecete build/bench/pecete $(BENCH)

soak: ## the campaigns of internal/soak at full length, and the table of docs/reliability.md
	@scripts/need cc softhsm redis postgres strace ps
	rm -rf build/soak
	go test -count=1 -v -timeout 12h ./internal/soak -kills $(KILLS) -sads $(SADS) -loss -rounds $(ROUNDS) -contests $(CONTESTS) -overload $(OVERLOAD)
	@go run ./internal/soak/table -command 'make soak KILLS=$(KILLS) SADS=$(SADS) ROUNDS=$(ROUNDS) CONTESTS=$(CONTESTS) OVERLOAD=$(OVERLOAD)'

fuzz: ## every fuzz target for FUZZTIME each
	@scripts/fuzz $(FUZZTIME)

clean: ## remove what was built
	rm -rf bin build

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile
