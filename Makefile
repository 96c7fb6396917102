# Each target is one or two commands; `make check` is what has to pass before a change lands.
GO ?= go
BIN := bin

.PHONY: all build demo test race lint fuzz bench bench-rules bench-statement bench-export bench-audit replay-bounds wasm-examples portability check clean

all: build

build: ## both programs, in ./bin
	$(GO) build -trimpath -o $(BIN)/ ./cmd/settled ./cmd/settle

demo: build ## the main job, end to end, in ./demo-out
	$(GO) build -trimpath -o $(BIN)/ ./internal/demo
	$(BIN)/demo -bin $(BIN) -out demo-out

test: ## every test, with the expensive invariants on; those that they would forestall, without
	$(GO) test -tags invariants ./...
	$(GO) test -run Diverg ./node

race: ## the same under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

lint: ## formatting, vet, staticcheck, and the rules of the house
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags invariants ./...
	$(GO) tool staticcheck ./...
	$(GO) test ./internal/lint

FUZZTIME ?= 30s
fuzz: ## every fuzz target of every package for FUZZTIME each
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test $$package -list '^Fuzz' | grep ^Fuzz); do \
			echo "$$package $$target"; \
			$(GO) test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x || exit 1; \
		done; \
	done

bench: build bench-rules ## the rules, then throughput and memory of real nodes over HTTP, in ./bench-out
	$(GO) build -trimpath -o $(BIN)/ ./internal/load
	$(BIN)/load -bin $(BIN) -out bench-out

bench-rules: ## the rules for one settlement with three payouts on one core, and the whole of Apply for its workload
	@$(GO) test ./settlement -run '^$$' -bench 'Judge/settlement' -benchmem -cpu 1 -benchtime 1s -count 3 | grep ^Benchmark
	@$(GO) test ./ledger -run '^$$' -bench ApplyWorkloads -benchmem -benchtime 50x -count 3 | grep ^Benchmark

SETTLEMENTS ?= 1000000
bench-statement: ## totals and first page of an account in a ledger with SETTLEMENTS settlements, in ./bench-out
	@mkdir -p bench-out
	TMPDIR=$(CURDIR)/bench-out $(GO) test ./ledger -run '^$$' -bench Statement -benchmem -v -timeout 2h -args -settlements $(SETTLEMENTS)

bench-export: ## a million FOCUS rows and the other exports, from records at hand, in ./bench-out/export
	$(GO) build -trimpath -o $(BIN)/ ./internal/exportload
	$(BIN)/exportload -out bench-out/export

bench-audit: build ## shards at the policy's largest sizes executed again, and 299 draws of the slowest, in ./bench-out/audit
	$(GO) build -trimpath -o $(BIN)/ ./internal/auditload
	$(BIN)/auditload -bin $(BIN) -out bench-out/audit

replay-bounds: ## memory of replay at inputs of 64 MiB, and the second implementation's answers at that size
	$(GO) test ./replay -run FullSize -v -args -full
	python3 -B replay/testdata/reference/vectors.py --check edges

wasm-examples: ## the user programs in C and Rust of the tests, again from their sources
	replay/wasm/testdata/examples/build.sh

portability: ## the vectors on arm64 and s390x under qemu-user, without fused multiply-add, and on amd64 level 3
	internal/portability/run.sh

check: lint test demo ## everything that .ci/run runs

clean:
	rm -rf $(BIN) demo-out bench-out
