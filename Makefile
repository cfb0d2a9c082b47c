# The commands of the project. `make` and `make test` need Go, git and make, and nothing else.

GO ?= go

# On a busy machine tests may take long. With the profile of cmd/rstexplain, all packages would be compiled twice. `make vet`
# vets everything; go test would do a part of that again.
TESTFLAGS := -pgo=off -vet=off -timeout 30m

.PHONY: build test everywhere check fmt vet staticcheck race vuln golden wireshark fleet fuzz bench profile accuracy lab claims man page build-with-page completions release-check screenshots clean

build: ## the program, as ./rstexplain
	CGO_ENABLED=0 $(GO) build -trimpath -o rstexplain ./cmd/rstexplain

test: ## all tests; no C compiler is needed
	CGO_ENABLED=0 $(GO) test $(TESTFLAGS) ./...

everywhere: ## the tests that try a sample by default, on everything; takes long
	CGO_ENABLED=0 $(GO) test $(TESTFLAGS) ./analyzer ./flows/track ./cmd/rstbench -count=1 -args -everywhere

check: fmt vet staticcheck race vuln ## what a change must pass; -race needs a C compiler

fmt:
	@files=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet -pgo=off ./...

staticcheck:
	$(GO) tool staticcheck ./...

# Stale generated pages (docs/causes.md) fail as tests.
race:
	$(GO) test -race -short $(TESTFLAGS) ./...

# The database of known vulnerabilities is on the network. If it cannot be reached, the check is skipped with a message.
vuln:
	@out=$$($(GO) tool govulncheck ./... 2>&1); code=$$?; \
	case "$$code $$out" in \
	3*) echo "$$out"; exit 3;; \
	0*) echo "govulncheck: $$(echo "$$out" | tail -n 1)";; \
	*"dial tcp"*|*"no such host"*|*"vuln.go.dev"*) echo "govulncheck: skipped, its database cannot be reached";; \
	*) echo "$$out"; exit $$code;; \
	esac

golden: ## update golden reports, transcripts and generated pages; read the diff before committing it
	$(GO) test ./analyzer ./analyzer/report ./cmd/... -run 'Golden|Text|Markdown|HTML|CSV|JSON|Scripts|Page|Readme' -update

wireshark: ## have Wireshark answer anew what tests compare with, also about the captures in RSTEXPLAIN_CAPTURES; read the diff
	$(GO) test $(TESTFLAGS) ./analyzer ./analyzer/capture ./analyzer/decode -run 'Tshark|Filters' -count=1 -args -wireshark

# Building Apache Beam takes minutes the first time: all commands build it in the same way, so that it is built once.
# What needs no Beam is in packages of its own and tested first.
fleet: export CGO_ENABLED = 0
fleet: ## build, test and check cmd/rstfleet, a module of its own
	@files=$$(gofmt -l cmd/rstfleet); if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi
	cd cmd/rstfleet && $(GO) test $(TESTFLAGS) ./job ./store && $(GO) test $(TESTFLAGS) .
	cd cmd/rstfleet && $(GO) vet ./...
	staticcheck=$$($(GO) tool -n staticcheck) && cd cmd/rstfleet && $$staticcheck ./...
	cd cmd/rstfleet && $(GO) build -o /dev/null .

FUZZTIME ?= 30s
fuzz: ## every fuzz test for FUZZTIME
	@GO="$(GO)" .ci/fuzz $(FUZZTIME)

bench: build ## compare with the tools that are installed, and run the Go benchmarks
	$(GO) run ./cmd/rstbench compare
	$(GO) test -run '^$$' -bench . -benchmem ./...

# The compiler uses the profile whenever the program is built. -trimpath keeps paths of this machine out of it.
profile: ## write a new CPU profile for the compiler, cmd/rstexplain/default.pgo
	$(GO) build -trimpath -o $${TMPDIR:-/tmp}/rstexplain-bench/rstbench ./cmd/rstbench
	$${TMPDIR:-/tmp}/rstexplain-bench/rstbench profile cmd/rstexplain/default.pgo

accuracy: ## compare explanations with the known causes; RSTEXPLAIN_CAPTURES names a directory of captures labelled by hand
	$(GO) test ./analyzer -run TestAccuracy -count=1 -v -misses

lab: ## generate the test captures on a real kernel with real programs; needs root and half an hour
	$(GO) run ./cmd/rstlab
	$(GO) run ./cmd/rstlab article
	$(GO) run ./cmd/rstlab vantages

CAPTURES ?=
claims: ## check every claim about every reset, also in degraded captures; CAPTURES names a directory of other captures
	$(GO) test ./cmd/rstlab/claims -run TestClaims -count=1 -v -timeout 2h -args -cuts -tshark -captures=$(abspath $(CAPTURES))

VERSION ?= (devel)

# The page has the engine in it, 24 MB of WebAssembly, and is never committed.
page: dist/page/index.html ## the page that explains captures in a browser, one file: dist/page/index.html

dist/page/index.html: $(shell git ls-files '*.go' cmd/rstpage analyzer/report/web go.mod)
	$(GO) run ./cmd/rstpage -o dist/page -version '$(VERSION)'

build-with-page: page ## the program with the page in it, for rstexplain serve
	mkdir -p cmd/rstexplain/page
	cp dist/page/index.html cmd/rstexplain/page/index.html
	CGO_ENABLED=0 $(GO) build -trimpath -tags page -o rstexplain ./cmd/rstexplain

MANDIR ?= docs/man
man: ## manual pages, in MANDIR
	$(GO) run ./cmd/rstexplain man $(MANDIR)

completions: ## what completes commands in bash, zsh and fish, in dist/completions
	mkdir -p dist/completions
	$(GO) run ./cmd/rstexplain completion bash > dist/completions/rstexplain.bash
	$(GO) run ./cmd/rstexplain completion zsh > dist/completions/_rstexplain
	$(GO) run ./cmd/rstexplain completion fish > dist/completions/rstexplain.fish

CHROMIUM ?= chromium
screenshots: build ## the picture in README.md, docs/report.png, of the HTML report on a capture
	./rstexplain --quiet --format html --output $${TMPDIR:-/tmp}/rstexplain-report.html testdata/data-after-fin/capture.pcapng
	$(CHROMIUM) --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=900,700 --virtual-time-budget=6000 \
	  --screenshot=docs/report.png file://$${TMPDIR:-/tmp}/rstexplain-report.html

GORELEASER ?= goreleaser
release-check: ## all of a release that needs no network, built, and the .deb installed below a scratch root, run and removed
	.github/release-check.sh $(GORELEASER)

clean:
	rm -rf rstexplain docs/man dist cmd/rstexplain/page
