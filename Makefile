# Slipway. `make` alone prints this help; every target that CI runs is below
# `check`, so that what passes here passes there.
#
# Targets are named action/what: test/race is the tests with the race detector.

# What is cut from a command's output must not hide that it failed.
SHELL       := bash
.SHELLFLAGS := -o pipefail -c

GO    ?= go
TOOL  := $(GO) tool -modfile=tools/go.mod
CGO_ENABLED ?= 0

# What packages are made for, their version (default: that of the commit), how many histories are simulated of all
# platforms together and of Lambda and ECS alone, and what else the agent is compiled for.
ARCHS   := amd64 arm64
VERSION ?=
SEEDS   ?= 10000
SEEDS_ALONE ?= 5000
TARGETS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64 freebsd/amd64

.DEFAULT_GOAL := help
.PHONY: help
help: ## Print this help
	@awk -F':.*## ' '/^[a-z\/-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: check
check: verify lint cross test test/simulation test/race test/scripts vulnerabilities ## Everything that CI runs

.PHONY: build
build: ## Build both programs into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags=-s -o bin/ ./cmd/...

.PHONY: agents
agents: ## Build the agent for all that packages are made for
	$(foreach arch,$(ARCHS),CGO_ENABLED=0 GOOS=linux GOARCH=$(arch) $(GO) build -trimpath -ldflags="-s $(VERSION:%=-X main.version=%)" -o bin/slipway-agent-linux-$(arch) ./cmd/slipway-agent &&) true

.PHONY: packages
packages: agents ## Make deb and rpm packages of the agent in dist/
	$(GO) run ./internal/installer/mkpackages -out dist -version "$(VERSION)" $(ARCHS:%=bin/slipway-agent-linux-%)

.PHONY: cross
cross: ## Compile the agent for the systems that it runs on
	$(foreach target,$(TARGETS),CGO_ENABLED=0 GOOS=$(word 1,$(subst /, ,$(target))) GOARCH=$(word 2,$(subst /, ,$(target))) $(GO) build -o /dev/null ./cmd/slipway-agent &&) true

.PHONY: test
test: ## All tests that need only Go
	$(GO) test ./...

.PHONY: test/race
test/race: ## The same with the race detector
	CGO_ENABLED=1 $(GO) test -race ./...

.PHONY: test/scripts
test/scripts: ## Whole sessions with the real aws CLI
	SLIPWAY_REQUIRE_AWS=1 $(GO) test -tags scripts -count=1 -v -run 'TestWalkthrough|TestTriggers|TestVerifyInGuide|TestAWSInstall|TestECSScript|TestLambdaScript' ./test

.PHONY: test/official
test/official: ## Whole sessions with the official agent 1.x, of which SLIPWAY_OFFICIAL_AGENT names a checkout
	$(GO) test -count=1 -v -parallel 8 -run 'TestRealAgents|TestHostChangesAgents|TestAppSpecsAreReadAlike' ./test

.PHONY: test/simulation
test/simulation: ## Thousands of histories, and proof that broken rules are noticed
	$(GO) test ./internal/simulation -count=1 -run 'TestSimulation$$' -seeds $(SEEDS) -timeout 30m
	$(GO) test ./internal/simulation -count=1 -run 'TestSimulation$$' -platform Lambda -seeds $(SEEDS_ALONE) -timeout 30m
	$(GO) test ./internal/simulation -count=1 -run 'TestSimulation$$' -platform ECS -seeds $(SEEDS_ALONE) -timeout 30m
	$(GO) test ./internal/simulation -count=1 -run 'TestBrokenRules$$' -broken -timeout 30m

.PHONY: test/conformance
test/conformance: ## Print which of the API's declared errors were shown, operation by operation
	@$(GO) test -count=1 -v -run 'TestErrors$$' ./test/compat | grep -vE '^ *(===|---)'

.PHONY: fuzz
fuzz: ## Fuzz every parser of untrusted bytes for 20 s
	./test/fuzz.sh 20s

.PHONY: bench
bench: ## Benchmarks, each beside what it is compared with
	$(GO) test -run=NONE -bench=. -benchmem ./...

.PHONY: bench/agent
bench/agent: ## What the agent costs, at work and at rest, in half an hour (AGENT_COST has flags)
	@$(GO) test -count=1 -timeout 2h -v -run 'TestAgentCost$$' ./test -agent-cost $(AGENT_COST) | grep -vE '^ *(===|---)'

.PHONY: lint
lint: ## gofumpt, go vet, staticcheck, golangci-lint
	@out=$$($(TOOL) gofumpt -l cmd internal examples test); if [ -n "$$out" ]; then echo "not gofumpt-ed:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags scripts ./test/...
	$(TOOL) staticcheck ./...
	$(TOOL) golangci-lint run

.PHONY: fmt
fmt: ## Format the code
	$(TOOL) gofumpt -w cmd internal examples test

.PHONY: generate
generate: ## Generate what is generated
	$(GO) generate ./...

.PHONY: verify
verify: ## Generated files and go.mod are current
	$(GO) generate ./...
	$(GO) mod tidy -diff
	$(GO) mod verify
	@git diff --exit-code -- '*_gen.go' || (echo "generated files are not current: run make generate" && exit 1)

.PHONY: vulnerabilities
vulnerabilities: ## govulncheck, where its database can be reached
	@$(TOOL) govulncheck ./... || { [ $$? -ne 3 ] && echo "govulncheck could not run (is its database out of reach?); nothing was checked"; }

.PHONY: demo
demo: ## See a deployment happen
	$(GO) run ./cmd/slipway demo
