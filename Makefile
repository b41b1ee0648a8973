# The ways to build, try and check Xenon. Each first brings what it needs (scripts/setup.sh), so a clean clone will do.
# Everything else is in scripts/ and in the build scripts below host-tests/, and works without make too.

# make run ARGS='-i https://example.com/' runs the command; without ARGS, a tour shows a session at work, and needs no network.
ARGS ?=
RUN = $(if $(strip $(ARGS)),target/release/xenon $(ARGS),target/release/xenon-tour)

# make fuzz SECONDS=3600 TARGETS='session' RECORD=1 runs one target for an hour and notes it in fuzz/runs.tsv.
SECONDS ?= 60
TARGETS ?=

# The crates that run as WebAssembly. They are checked for that target too, where code is compiled that no native build sees.
GUESTS := -p xenon --features xenon/component -p xenon-cli -p xenon-tour -p rust-get -p rust-fetch -p rust-crate \
    -p plain-get -p plugin-endless -p plugin-fetch -p plugin-trespass
# Those over WASI 0.3, whose features exclude the others'.
GUESTS_0_3 := -p xenon --no-default-features --features xenon/component-wasip3,xenon/http-client-environment -p rust-get-wasip3 \
    -p tested-async-caller $(patsubst %,-p %,$(FOREIGN))
# Programs that know nothing of Xenon.
FOREIGN := foreign-wasip3 foreign-spin foreign-service
GUEST_CHECK := scripts/guest-cargo clippy --target wasm32-wasip2 --target-dir target/guests --locked

# One profile for all that runs natively, so that nothing is compiled twice (Cargo.toml says what it is).
BUILD := scripts/show-progress cargo build --release --locked -p xenon-host
# What only `make bench` needs, which tests it, and what `make check` looks at.
MEASURES := xenon-bench xenon-bench-crypto xenon-bench-http-client xenon-bench-raw xenon-bench-session xenon-bench-session-wasip3 \
    xenon-bench-wasi-http
# What is there for WebAssembly alone: the crate has no network natively.
NOT_NATIVE := $(patsubst %,--exclude %,rust-crate $(FOREIGN))
TEST := cargo test --workspace --release --locked --no-fail-fast $(NOT_NATIVE) $(patsubst %,--exclude %,$(MEASURES))
# The libraries alone: programs have the same names here as a library and as each other, and cargo would write one's pages
# over the other's.
DOC := RUSTDOCFLAGS="-D warnings" cargo doc --workspace --lib --no-deps --release --locked
# With backtraces, wasmtime takes one for each error that it makes and throws away: a twentieth of the time.
BENCH := RUST_BACKTRACE=0 cargo run --profile measured --locked -p xenon-bench --bin xenon-bench --

# What the programs are made of. When none of it is newer than they are, nothing is done, and nothing said.
SOURCES := Cargo.toml Cargo.lock $(shell find src wit getrandom cli examples/tour host-tests/src host-tests/native host-tests/guests \
    host-tests/features host-tests/compose host-tests/programs host-tests/Cargo.toml scripts -type f)

.PHONY: build run test counts mutants bench fuzz check clean help

build: target/.built ## The components, the command and its native host: target/component/*.wasm and target/release/xenon

target/.built: $(SOURCES)
	@scripts/setup.sh build
	@test -e $@ || echo "Building the components and the command: some 10 minutes on two cores, and 1.2 GB in target/"
	@$(BUILD)
	@touch $@ target/.runs

# Without what `xenon compose` and `xenon run` need. After `make build` nothing is left to do.
target/.runs: $(SOURCES)
	@scripts/setup.sh build
	@test -e $@ || echo "Building the component and the command: some 7 minutes on two cores, and 1.1 GB in target/"
	@$(BUILD) --no-default-features
	@touch $@

run: target/.runs ## Builds, and runs target/release/xenon with ARGS='...' (without: a tour of a session)
	@$(RUN)

test: build ## Runs every test and counts them; nothing contacts the Internet
	@scripts/setup.sh test
	@test -e target/tests.log || echo "Building and running the tests: some 10 minutes on two cores, and 2 GB more in target/"
	@scripts/show-progress scripts/test-count $(TEST)

counts: ## How much evidence there is, from the last make test and from fuzzing, as a table
	@scripts/counts

mutants: ## Changes the pure modules in every way that cargo-mutants knows; a test must notice each (an hour)
	@scripts/setup.sh mutants
	@cargo mutants -p xenon --output target

bench: ## Measures on this machine, without TLS and over it; ARGS='--tls', ARGS='--plain' and ARGS='--quick' are shorter
	@scripts/setup.sh bench
	@cargo test --profile measured --locked -p xenon-bench
	@$(BENCH) $(ARGS)

fuzz: ## Runs each fuzz target for SECONDS=60, or those of TARGETS='...'; RECORD=1 notes it in fuzz/runs.tsv
	@scripts/setup.sh fuzz
	@scripts/fuzz $(SECONDS) $(TARGETS)

check: ## Format, lints (natively and for WebAssembly), documentation, without a warning; where crates come from (deny.toml)
	@scripts/setup.sh build
	cargo fmt --all --check
	cargo clippy --workspace $(NOT_NATIVE) --all-targets --release --locked -- -D warnings
	$(GUEST_CHECK) $(GUESTS) -- -D warnings
	$(GUEST_CHECK) $(GUESTS_0_3) -- -D warnings
	$(DOC)
	cargo test --release -p xenon --test supply --locked --quiet

clean: ## Removes what was built (not the toolchain, which is outside the checkout)
	cargo clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
