# What people run. Everything but Go and make is optional; what is missing is said, with the one line that provides it.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS   = -s -w -X main.version=$(VERSION)
FUZZTIME ?= 5m
CC_FOUND := $(shell command -v cc gcc clang 2>/dev/null | head -n 1)
RACE     := $(if $(CC_FOUND),-race)

# Pure functions have no races. SQLite, the browser's tests and those that start the program dozens of times take several times as
# long with the detector: make test has it where goroutines share a store, make race everywhere.
SHARED   := ^Test(Follow|VerdictWriter|AppendLater)
LONG     := ^Test(MemoryOfALongRun|FullDiskMakesRoom)$$
PLAIN    := /(cmd/vigie|storage(/influx|/transfer)?|review(/evidence)?|modem/dialect|analyzer(/rules|/locate)?)$$
# Tests of a real program or an emulated modem mostly wait: more of them than there are processors run at once.
WAITING  := -p 3 -parallel 4

export CGO_ENABLED = $(if $(CC_FOUND),1,0)

.PHONY: run build test race blocked lint bench detection air picture soak year values dashboard victoria screenshots fuzz battery floods blaster hostile golden cross arm arm64-demo armv6-demo deb deb-try release release-try clean

run: ## the main job, without hardware
	CGO_ENABLED=0 $(GO) run ./cmd/vigie demo

build: ## bin/vigie
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/vigie ./cmd/vigie

test: lint ## everything that must hold
ifeq ($(RACE),)
	@echo "SKIPPED: the race detector, for lack of a C compiler. This provides it: apt-get install gcc libc6-dev"
endif
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo "SKIPPED: the review desk in a real browser, for lack of Chromium. This provides it: apt-get install chromium"
	@command -v mosquitto >/dev/null || test -x /usr/sbin/mosquitto || echo "SKIPPED: alerts over MQTT with a real broker, for lack of mosquitto. This provides it: apt-get install mosquitto"
	@command -v gpsfake >/dev/null || echo "SKIPPED: positions from a real gpsd, for lack of one. This provides it: apt-get install gpsd gpsd-clients"
	@command -v tshark >/dev/null || echo "SKIPPED: RRC messages and captures that tshark reads too, for lack of it. This provides it: apt-get install tshark"
	@test "$$(id -u)" = 0 || echo "SKIPPED: full disks and files of other owners, which take root. This provides it: run the tests as root, in a machine that you can throw away"
	$(GO) test $(RACE) -vet=off -timeout 20m -skip '$(LONG)' $$($(GO) list ./... | grep -vE '$(PLAIN)')
	$(GO) test $(RACE) -vet=off -timeout 20m -run '$(SHARED)' ./storage
	$(GO) test -vet=off -timeout 20m $(WAITING) $$($(GO) list ./... | grep -E '$(PLAIN)')
	$(GO) test -vet=off -timeout 20m -run '$(LONG)' ./monitor
	@$(MAKE) --no-print-directory arm

race: ## every test with the race detector; takes long
	$(GO) test -race -timeout 60m ./...

lint: ## formatting, vet, and the house plan (layout_test.go)
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) test -run . .

STRIPPED = $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./cmd/vigie

cross: bin/vigie-linux-amd64 bin/vigie-linux-arm64 bin/vigie-linux-armv6 ## bin/vigie-linux-{amd64,arm64,armv6}, stripped
	@ls -l $^
bin/vigie-linux-amd64: FORCE | bin
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(STRIPPED)
bin/vigie-linux-arm64: FORCE | bin
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(STRIPPED)
bin/vigie-linux-armv6: FORCE | bin
	CGO_ENABLED=0 GOOS=linux GOARCH=arm GOARM=6 $(STRIPPED)
FORCE:

arm: ## the Raspberry Pi binaries run the demo, under emulation
	@if command -v qemu-aarch64-static >/dev/null && command -v qemu-arm-static >/dev/null; then \
		$(MAKE) --no-print-directory -j2 arm64-demo armv6-demo && \
		VIGIE_ARM=$(CURDIR)/bin/vigie-linux-armv6 $(GO) test ./cmd/vigie -count 1 -v -run '^TestStartOnARMv6$$'; \
	else echo "SKIPPED: running the Raspberry Pi binaries, for lack of an emulator. This provides it: apt-get install qemu-user-static"; fi

DEMO = demo > bin/$@.out 2>&1 && grep -q "^HIGH" bin/$@.out || { cat bin/$@.out; echo "$@: no event of severity high"; exit 1; }
arm64-demo: bin/vigie-linux-arm64
	@qemu-aarch64-static $< $(DEMO)
armv6-demo: bin/vigie-linux-armv6
	@qemu-arm-static -cpu arm1176 $< $(DEMO)

FIGURES = $(shell sed -n 's,^\(Benchmark[A-Za-z0-9]*\).*,\1,p' docs/figures.tsv | sort -u | paste -s -d '|')
bench: ## the figures of docs/figures.tsv, measured, next to their goals; takes ten minutes
	CGO_ENABLED=0 $(GO) test -run '^$$' -bench '^($(FIGURES))$$' -benchmem -timeout 30m ./... > bin/bench.txt 2>&1 || { cat bin/bench.txt; exit 1; }
	$(GO) run ./tools/figures docs/figures.tsv bin/bench.txt

fuzz: ## every fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz'); do \
			echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

picture: build ## docs/demo.svg, from what the demo prints on a terminal
	bin/vigie demo --color always > bin/demo.ansi
	$(GO) run ./tools/shot < bin/demo.ansi > docs/demo.svg

detection: ## the tables and the picture of docs/detection-results.md, from TRACES, COPIES and PEERS of the bench
	$(GO) run ./tools/detection -traces "$(TRACES)" -copies "$(COPIES)" -peers "$(PEERS)" -docs docs

RUNS ?= 200
SEED ?= 1
LOCATE_TRACES ?= ../shared/bench/traces
.PHONY: locate locate-arm
locate-arm: | bin ## places on an emulated arm64 against those of amd64
	CGO_ENABLED=0 GOARCH=arm64 $(GO) test -vet=off -c -o bin/locate-arm.test ./analyzer/locate
	cd analyzer/locate && qemu-aarch64-static ../../bin/locate-arm.test -test.run '^TestGoldenPlaces$$' -test.v
locate: ## how often the regions of vigie locate hold the truth: RUNS of each row of a simulation from SEED on, and real traces; takes an hour
	$(GO) build -o bin/locate ./tools/locate
	bin/locate -runs $(RUNS) -seed $(SEED)
	@test -d $(LOCATE_TRACES) || { echo "NOT MEASURED: there are no real traces in $(LOCATE_TRACES). LOCATE_TRACES=DIRECTORY names them: one directory a set, with .ndjson.gz files"; exit 1; }
	bin/locate -runs 0 -traces $(LOCATE_TRACES)

AIR ?= ../shared/air
air: build ## real captures, which are not in the repository: every message and leaf against tshark, no identity printed, no secret bit read
	@test -x $(AIR)/score_air.py || { echo "NOT MEASURED: there are no captures in $(AIR). AIR=DIRECTORY names them: captures/, oracle/, secrets/ and score_air.py"; exit 1; }
	VIGIE_AIR=$(abspath $(AIR)) $(GO) test ./air/capture -count 1 -v -run '^Test(Measured|Oracle)$$'
	-python3 $(AIR)/score_air.py --vigie bin/vigie # counts the NAS containers that Vigie does not show; see TestOracle

values: ## 10,000 random values of every RRC message: what is encoded is decoded as the same, and tshark agrees; takes a minute
	VIGIE_VALUES=10000 $(GO) test ./air -count 1 -run '^Test(DecodeIsTheInverseOfEncode|TsharkAgrees|SecretBitsChangeNothing)$$' -timeout 30m

hostile: ## every hostile store, bundle and sealed file against the real program, the large ones too; takes minutes and 1 GB of disk
	VIGIE_HOSTILE=1 $(GO) test ./storage ./storage/transfer -count 1 -run 'Hostile'
	VIGIE_HOSTILE=1 $(GO) test ./cmd/vigie -count 1 -v -timeout 20m -run '^TestAttackWith(Hostile|Sealed|OneID)'

blaster: ## a hundred SMS blasters, each another one, in real time: all are noticed within five seconds; takes four minutes
	VIGIE_SEEDS=100 $(GO) test ./cmd/vigie -count 1 -v -run '^TestBlasterIsCaught$$'

blocked: ## standard output that nobody reads for a minute: no gap, nothing lost, memory flat
	VIGIE_BLOCKED=1m $(GO) test ./cmd/vigie -count 1 -v -run '^TestOutputThatNobodyReads$$'

floods: ## 300,000 made-up cells in every way through a replay, with a store and without, and 64 MiB of recorded text: less than 150 MiB; takes ten minutes
	VIGIE_FLOODS=1 $(GO) test ./cmd/vigie -count 1 -v -timeout 30m -run '^TestAttackWithAFloodOfCells$$|^TestDecodeOfLongText$$'

battery: ## what a watch costs an hour at each pace: CPU, wake-ups, bytes written
	VIGIE_BATTERY=1 $(GO) test ./cmd/vigie -count 1 -v -run '^TestBatteryFigures$$'

golden: ## rewrite every golden file; read the diff before you commit it
	$(GO) test -count 1 -run '^TestGolden' $$(grep -rl --include '*_test.go' 'flag.Bool("update"' . | xargs -n 1 dirname | sort -u) -update

soak: build ## 20 minutes of watching an emulated modem that misbehaves; docs/soak.svg shows what it cost
	$(GO) run ./tools/soak -vigie bin/vigie -for 20m -svg docs/soak.svg

.PHONY: seizure
seizure: ## a hundred kills and a hundred panics at random moments, and power cuts in the middle: what a finder reads; takes ten minutes
	VIGIE_SEIZURES=25 $(GO) test ./cmd/vigie -count 1 -v -timeout 60m -run '^TestSeizure'

year: ## a simulated year at 1 Hz through the store with retention on; takes a quarter of an hour and more
	CGO_ENABLED=0 VIGIE_YEAR=1 $(GO) test ./storage -run '^TestYear$$' -v -timeout 0

dashboard: ## docs/dashboard.svg: what the panels of the dashboard get from a real InfluxDB
	CGO_ENABLED=0 $(GO) test ./cmd/vigie -count 1 -run '^TestDashboardPicture$$' -dashboard $(CURDIR)/docs/dashboard.svg

victoria: ## what is written to a real VictoriaMetrics, which is built first
	CGO_ENABLED=0 VIGIE_VICTORIA=1 $(GO) test ./storage/influx -run '^TestVictoriaMetrics$$' -v -timeout 20m

screenshots: ## a picture of every page of the review desk, from a made-up town, into docs/screenshots
	CGO_ENABLED=0 $(GO) test ./review -count 1 -run '^(TestScreenshots|TestBrowserGlance|TestBrowserTogether)$$' -screenshots $(CURDIR)/docs/screenshots

deb: ## build/deb/vigie_VERSION_{armhf,arm64,amd64}.deb; fetches nfpm
	packaging/deb.sh build/deb

deb-try: ## the package in a Debian root: install, upgrade, remove, purge, lintian, the unit. Root; apt-get install debootstrap lintian
	rm -rf build/deb-try && packaging/deb.sh build/deb-try $$(dpkg --print-architecture)
	packaging/try.sh build/deb-try/vigie_*.deb

release: ## build/release: everything twice and compared, SBOM, checksums; KEY=FILE signs (docs/releases.md). Takes long
	packaging/release.sh build/release

release-try: ## a release can be checked, and a changed one is noticed
	packaging/release-try.sh build/release

clean:
	rm -rf bin build
bench fuzz build arm locate: | bin
bin:
	mkdir -p bin
