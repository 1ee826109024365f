# realname. `make` alone says what can be made.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

GO ?= go
# The imaging worker alone needs C libraries: `vision` switches its code on, the rest are gocv's names for its modules.
TAGS := vision,gocv_specific_modules,gocv_features2d,gocv_calib3d,gocv_photo
# One set of flags for build, vet, test and lint, so that OpenCV's binding is compiled once for all of them.
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -trimpath)

# Tests run in the folders of their packages, so they get the folder of the pinned files as a full path.
export REALNAME_ASSETS := $(abspath $(or $(REALNAME_ASSETS),.assets))

PURE := $(filter-out imaging-worker,$(patsubst cmd/%/main.go,%,$(wildcard cmd/*/main.go)))

.PHONY: help
help: ## this list
	@echo "realname: start with 'make demo' (the main job, end to end) or 'make test' (everything checked)."
	@echo "Both first install what this machine lacks; 'make doctor' only says what that would be."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what is missing: OpenCV, fonts, test servers (apt), ONNX Runtime, models, test pictures (npm)
	@sh deploy/setup.sh

.PHONY: build
build: setup ## the programs, into bin/
	@echo "[1/2] gateway, auditor, authority stand-in: $(PURE) (no C library)"
	@CGO_ENABLED=0 $(GO) build -o bin/ $(addprefix ./cmd/,$(PURE))
	@echo "[2/2] imaging-worker (the first time about a minute, for OpenCV's binding)"
	@$(GO) build -tags $(TAGS) -o bin/ ./cmd/imaging-worker

.PHONY: demo
demo: build ## the main job on real input, in a temporary folder, as a table
	@bin/realname demo

.PHONY: run
run: build ## the same parts, kept serving, with demo credentials printed
	@bin/realname run

.PHONY: test
test: build ## every test; and that all but the worker builds without any C library
	@echo "[1/5] build and vet without C libraries"
	@CGO_ENABLED=0 $(GO) build ./... && CGO_ENABLED=0 $(GO) vet ./...
	@echo "[2/5] vet with the imaging pipeline"
	@$(GO) vet -tags $(TAGS) ./...
	@echo "[3/5] tests"
	@REALNAME_REQUIRE_SERVICES=1 $(GO) test -tags $(TAGS) ./...
	@echo "[4/5] Tessera's client and fsck on our log, our witness on Tessera's"
	@cd $(TESSERA) && $(GO) test ./...
	@echo "[5/5] a few seconds of hostile numbers (make prove: minutes)"
	@for fuzzer in FuzzCheck FuzzMRZ; do \
		$(GO) test -run '^$$' -fuzz "^$$fuzzer$$" -fuzztime 5s -fuzzminimizetime 10x ./verify/idnumber || exit 1; \
	done

FUZZTIME ?= 2m
.PHONY: prove-quotas
prove-quotas: ## the long proofs of quotas and ledger: 200 histories of clients that are cut off, 200 crowds of 64 and 512, 500 times kill -9 on each engine (hours)
	@REALNAME_REQUIRE_SERVICES=1 REALNAME_PROVE=200 $(GO) test -timeout 8h -v \
		-run 'Linearizable|PassesALimit|PassesACounter|FollowsTheModel|ClockSteps|SkewedClocks' ./verify
	@REALNAME_REQUIRE_SERVICES=1 REALNAME_PROVE=500 $(GO) test -run 'Kill|UseIndexes' -timeout 4h -v ./internal/sqlstore

.PHONY: prove
prove: build prove-limits prove-policy prove-audit ## the long proofs: limits, policies, mutated photos, 10 000 photos through one worker, 200 kills under load, and every fuzzer for a while (hours; FUZZTIME=2m each)
	@REALNAME_PROVE_MUTATIONS=5000 REALNAME_PROVE_CHECKS=10000 REALNAME_PROVE_KILLS=200 \
		$(GO) test -tags $(TAGS) -run 'Mutated|Flat|KillsUnderLoad' -timeout 8h -v ./cmd/imaging-worker
	@REALNAME_PROVE_CHECKS=10000 $(GO) test -run KillsEverywhere -timeout 1h -v ./imaging
	@$(GO) test -tags $(TAGS),matprofile -run 'NoMat' -timeout 1h -v ./imaging/vision
	@for package in $$($(GO) list ./...); do \
		for fuzzer in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$fuzzer"; \
			$(GO) test -run '^$$' -fuzz "^$$fuzzer$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package || exit 1; \
		done; \
	done

RUNS ?= 200
.PHONY: prove-velocities
prove-velocities: setup ## the long proofs of velocities: RUNS=200 crowds of 64 and 512 at each limit, histories, faults (an hour)
	@REALNAME_REQUIRE_SERVICES=1 REALNAME_PROVE=$(RUNS) $(GO) test -timeout 4h -v ./ratelimit/velocity/...

# A module of its own: what Tessera depends on is no dependency of the gateway.
TESSERA := compliance/auditlog/tesseratest
.PHONY: prove-audit
prove-audit: setup ## the long proofs of the audit log: every fault 200 times, each named by realname-audit, as a matrix; Tessera's fsck on it, and its speed beside ours (half an hour)
	@REALNAME_PROVE=200 $(GO) test -run FaultMatrix -timeout 4h -v ./cmd/realname-audit
	@cd $(TESSERA) && $(GO) test -count 1 -v ./... && $(GO) test -run '^$$' -bench . -benchtime 5x -count 3 ./...

.PHONY: prove-limits
prove-limits: prove-quotas prove-velocities ## the long proofs of all limits

.PHONY: prove-policy
prove-policy: setup ## the long proofs of policies: a million decisions made and decided again under the same digest (half an hour), properties for longer
	@REALNAME_PROVE_DECISIONS=1000000 $(GO) test -run ReplayIsExact -timeout 4h -v ./internal/app
	@REALNAME_REQUIRE_SERVICES=1 $(GO) test ./compliance/policy ./verify -rapid.checks=5000 -timeout 2h

.PHONY: lint
lint: ## formatting and the linters of .golangci.yml (the pipeline's code too, where OpenCV is installed)
	@echo "lint (the first time a minute or two, to build the linter)"
	@$(GO) tool -modfile=tools/go.mod golangci-lint run \
		$$(pkg-config --exists opencv4 2>/dev/null && echo --build-tags=$(TAGS)) ./...

.PHONY: bench
bench: setup ## the benchmarks of every package
	@$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchmem ./...

.PHONY: eval-imaging
eval-imaging: build ## the photo check on labelled pictures: IMAGES=DIR [REVEAL=1] [REPORT=FILE.html]
	@bin/realname image eval --out "$(or $(REPORT),eval-imaging.html)" $(if $(REVEAL),--reveal) "$(IMAGES)"

.PHONY: doctor
doctor: ## what is present, missing or too old here, and the command that mends it
	@CGO_ENABLED=0 $(GO) run ./cmd/realname doctor

.PHONY: relock
relock: ## rewrite the digests in deploy/assets.lock after changing a version there
	@$(GO) run ./deploy/fetch -relock deploy/assets.lock

.PHONY: clean
clean: ## remove bin/ (the fetched .assets/ stay)
	@rm -rf bin
