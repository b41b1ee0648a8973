#!/usr/bin/env bash
# Brings what is still missing to build Xenon (`build`, the default), to test it (`test`), to measure it (`bench`), to fuzz
# it (`fuzz`), or to see whether its tests notice what they should (`mutants`). It says what it does and why; when nothing is
# missing it does nothing and says nothing.
#
#     scripts/setup.sh [build|test|bench|fuzz|mutants]
#
# The one uncommon thing is Rust's standard library for wasm32-wasip2. rustup has it. Where rustup cannot download, it is
# built, once, from Debian's packages; XENON_GUEST_TOOLCHAIN=private wants that anywhere. The result is kept in a cache folder outside the checkout; no file of rustup's or of
# the system's Rust is changed.
#
# shellcheck disable=SC2030,SC2031 # a subshell's variables are meant for the functions that it calls
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/toolchain.sh
. scripts/toolchain.sh

# Long enough to download 30 MB on a slow line; rustup itself may wait much longer for a server that does not answer.
rustup_seconds=90

# What is as large, from Python's registry, may take as long.
pip_seconds=90

main() {
    case ${1:-build} in
    build) set_up_build ;;
    test | bench)
        set_up_build
        set_up_server nginx nginx-light "make $1"
        if [ "$1" = test ]; then
            set_up_server apache2 apache2-bin "make test"
            set_up_server squid squid "make test"
            set_up_server tinyproxy tinyproxy-bin "make test"
            set_up_server microsocks microsocks "make test"
            set_up_server danted dante-server "make test"
            set_up_server v2ray v2ray "make test"
            set_up_coders
            set_up_names
            set_up_openssl
            set_up_componentize_py
            set_up_cargo_component
        else
            set_up_native_clients
        fi
        ;;
    fuzz)
        set_up_cpp_compiler
        set_up_cargo_command fuzz '^0.13.2'
        ;;
    mutants) set_up_cargo_command mutants '^27.1' ;;
    *)
        echo "usage: scripts/setup.sh [build|test|bench|fuzz|mutants]" >&2
        exit 2
        ;;
    esac
}

say() { echo "setup: $*"; }

fail() {
    echo "setup: $*" >&2
    exit 1
}

# ----------------------------------------------------------------------------------------------------------- to build

set_up_build() {
    need_rust
    command -v make >/dev/null || say "make is missing, only the Makefile needs it. This brings it: apt-get install make"
    set_up_guest_target
    set_up_c_compiler
    set_up_wasm_opt
}

need_rust() {
    { command -v cargo && command -v rustc; } >/dev/null ||
        fail "cargo or rustc is missing. Both come with rustup: https://rustup.rs"
}

set_up_guest_target() {
    ask_active_rustc || fail "this rustc is too old for $guest_target. This brings a newer one: rustup update stable"
    if active_rustc_has_target || has_private_toolchain; then return; fi

    if [ "${XENON_GUEST_TOOLCHAIN:-}" = private ]; then
        make_private_toolchain
        return
    fi
    say "the Rust standard library for $guest_target is missing"
    if command -v rustup >/dev/null; then
        say "asking rustup for it: rustup target add $guest_target"
        # Looked at again, because the active rustc need not be rustup's.
        if RUST_BACKTRACE=0 timeout "$rustup_seconds" rustup target add "$guest_target" </dev/null &&
            active_rustc_has_target; then return; fi
        say "rustup could not bring it, so it will be built from Debian's packages"
    fi
    make_private_toolchain
}

# The TLS library has C code. Without a compiler for it the rest can still be built, so this is no error here.
set_up_c_compiler() {
    if { command -v clang && command -v llvm-ar; } >/dev/null; then return; fi
    say "clang or llvm-ar is missing; the TLS library's C code needs them for $guest_target"
    apt_install clang llvm || say "they could not be installed. This brings them: apt-get install clang llvm"
}

# Makes the component a seventh smaller. It can be built, and works, without.
set_up_wasm_opt() {
    if command -v wasm-opt >/dev/null; then return; fi
    say "wasm-opt is missing; it makes the component smaller"
    apt_install binaryen || say "it could not be installed. This brings it: apt-get install binaryen"
}

# --------------------------------------------------------------- the standard library for wasm32-wasip2 without rustup

has_private_toolchain() {
    find_private_toolchain && [ -d "$private_toolchain" ]
}

# In a subshell, so that its lock and its traps end with it.
make_private_toolchain() (
    { [ -x "$linkers/wasm-component-ld" ] || command -v wasm-component-ld >/dev/null; } ||
        fail "there is no linker for $guest_target. A toolchain of rustup's has one; this brings it too:" \
            "apt-get install lld; cargo install wasm-component-ld"
    mkdir -p "$cache"
    # One at a time: a second run waits here, and then finds the work done.
    exec 9>"$cache/lock"
    flock 9
    if has_private_toolchain; then return; fi

    install_debian_rust
    find_private_toolchain || fail "rustc-web is installed, but there is no $debian_rustc"
    if [ -d "$private_toolchain" ]; then return; fi # only the compiler was missing

    rm -rf "$cache"/unfinished.* # of a run that was killed
    # Beside the place where the result goes, so that it gets there by one rename: whole, or not at all.
    work=$(mktemp -d "$cache/unfinished.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM HUP

    say "1/3 fetching the C library for $guest_target (Debian 13's wasi-libc; it is unpacked, not installed)"
    fetch_wasi_libc
    say "2/3 building the standard library for $guest_target (about a minute)"
    build_std
    say "3/3 putting the toolchain together and trying it"
    assemble "$work/toolchain"
    try "$work/toolchain"
    mv "$work/toolchain" "$private_toolchain"
    say "done: the toolchain for $guest_target is in $private_toolchain"
)

# rustup's rustc has no source of its standard library here, and the two must be of one version. Debian has both.
install_debian_rust() {
    local none="there is no way to $guest_target here: either rustup must be able to download, or this must be a Debian
setup: system that can: apt-get install rustc-web rust-web-src"
    command -v apt-get >/dev/null || fail "$none"
    # Debian renews rustc-web within a release, and the package lists here may be older than that.
    local active candidate
    active=$(rustc --version | cut -d ' ' -f 2)
    candidate=$(apt-cache policy rustc-web | sed -n 's/^ *Candidate: //p')
    if ! dpkg --compare-versions "${candidate:-0}" ge "$active"; then apt_update || true; fi
    # rust-web-clippy: `make check` looks at the guests too. The keyring: an old one does not know Debian 13's keys.
    apt_install rustc-web rust-web-src rust-web-clippy clang llvm debian-archive-keyring || fail "$none"
}

# Debian 12's own wasi-libc does not have wasip2 yet. apt gets a list of sources and folders of its own for this, so the
# system's stay as they are; signatures are checked as always.
fetch_wasi_libc() {
    local apt=$work/apt mirror
    # Where this machine has Debian itself from. (Its security updates come from another place.)
    # shellcheck disable=SC2016 # apt fills these in
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p)
    [ -n "$mirror" ] || fail "apt's sources name no Debian mirror"

    mkdir -p "$apt"/{none,lists/partial,cache/archives/partial}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$apt/sources.list"
    local own=(
        -qq
        -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts="$apt/none" -o Dir::Etc::preferencesparts="$apt/none"
        -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache"
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false # a catalogue of desktop programs, half the download
        -o APT::Sandbox::User=root                                  # apt's own user may not write in our folder
    )
    apt-get "${own[@]}" update
    (cd "$apt" && apt-get "${own[@]}" download wasi-libc)
    dpkg-deb -x "$apt"/wasi-libc_*.deb "$work/libc"
}

# cargo can build the standard library along with a crate (an unstable feature), so this builds an empty one. `test` is for
# test programs. The one codegen unit and the bitcode make it like rustup's: without bitcode, link-time optimisation would
# leave the standard library out, and not say so.
build_std() {
    mkdir -p "$work/empty/src"
    echo '#![no_std]' >"$work/empty/src/lib.rs"
    cat >"$work/empty/Cargo.toml" <<-'MANIFEST'
		[package]
		name = "empty"
		version = "0.0.0"
		edition = "2021"
		[profile.release]
		codegen-units = 1
		[workspace]
	MANIFEST
    (
        clean_environment
        export RUSTC=$debian_rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes PATH=$PATH:$linkers
        cd "$work/empty"
        cargo build --quiet --release --target "$guest_target" --target-dir "$work/target" \
            -Zbuild-std=core,alloc,std,panic_abort,proc_macro,test
    )
}

# Lays out a sysroot: Debian's libraries for build scripts and macros, ours for the guests, and the compiler in front.
assemble() {
    local root=$1 lib=$1/lib/rustlib/$guest_target/lib debian_host program library
    debian_host=$("$debian_rustc" --print host-tuple)
    mkdir -p "$root/bin" "$lib/self-contained"
    ln -s "$("$debian_rustc" --print sysroot)/lib/rustlib/$debian_host" "$root/lib/rustlib/$debian_host"

    for library in "$work/target/$guest_target"/release/deps/lib*.rlib; do
        case $library in
        */libempty-*) ;;
        *) cp "$library" "$lib" ;;
        esac
    done
    local libc=$work/libc/usr/lib/$guest_target
    cp "$libc"/{crt1-command.o,crt1-reactor.o,libc.a} "$lib/self-contained"
    # std can ask for a thread, which this libc has in a library apart (where the answer is always no). As a part of libc,
    # it lets every program link that has such code in it, test programs among them.
    llvm-ar qL "$lib/self-contained/libc.a" "$libc/libwasi-emulated-pthread.a"

    for program in rustc rustdoc; do
        # LD_LIBRARY_PATH: rustup's cargo puts its own compiler's libraries there.
        cat >"$root/bin/$program" <<-WRAPPER
			#!/bin/sh
			unset LD_LIBRARY_PATH
			exec ${debian_rustc%/*}/$program --sysroot "\${0%/bin/*}" "\$@"
		WRAPPER
        chmod +x "$root/bin/$program"
    done
    # A link will do: it looks for its compiler beside the file that the link points to.
    ln -s "${debian_rustc%/*}/cargo-clippy" "$root/bin/cargo-clippy"
}

try() {
    echo 'fn main() { println!("{}", std::thread::Builder::new().spawn(|| ()).is_ok()) }' >"$work/hello.rs"
    PATH=$PATH:$linkers "$1/bin/rustc" --target "$guest_target" -o "$work/hello.wasm" "$work/hello.rs" ||
        fail "the new toolchain cannot compile a small program, so it is not kept"
}

# ------------------------------------------------------------------------------------------------ to test, to measure

# Tests and measurements run against real servers and proxies too. They start them themselves, on ports of their own.
set_up_server() {
    local program=$1 package=$2 wanted_by=$3
    # Debian has most of them in a folder that is not on everyone's PATH.
    if command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ]; then return; fi
    say "$program is missing; $wanted_by wants it as a server to talk to"
    # What is a service at all has its program's name.
    apt_install_unstarted "$package" "$program" || miss "$program" "apt-get install $package"
}

# Tests have them code content that Xenon decodes.
set_up_coders() {
    local program
    for program in gzip zstd brotli; do
        if command -v "$program" >/dev/null; then continue; fi
        say "$program is missing; make test wants it to code content"
        apt_install "$program" || miss "$program" "apt-get install $program"
    done
}

# It makes proxies know names that nobody else does, without a change to the system's.
set_up_names() {
    if compgen -G "/usr/lib*/libnss_wrapper.so" >/dev/null || compgen -G "/usr/lib/*/libnss_wrapper.so" >/dev/null; then
        return
    fi
    say "libnss_wrapper is missing; make test wants it to give proxies names of their own"
    apt_install libnss-wrapper || miss libnss_wrapper "apt-get install libnss-wrapper"
}

# Tests use it as a TLS server, and to make RSA keys. Any that can be called will do.
set_up_openssl() {
    if command -v openssl >/dev/null; then return; fi
    say "openssl is missing; make test wants it as a TLS server to talk to"
    apt_install openssl || miss openssl "apt-get install openssl"
}

# Makes a program in Python a component. It is put into a folder of the checkout, and the system's Python stays as it is.
set_up_componentize_py() {
    local folder=target/python package=componentize-py==0.25.1
    if [ "$("$folder/bin/componentize-py" --version 2>/dev/null)" = "componentize-py ${package#*==}" ]; then return; fi
    say "componentize-py is missing; make test wants it to put Xenon under a program in Python"
    # Debian has venv in a package of its own.
    { python3 -m venv --clear "$folder" >/dev/null 2>&1 ||
        { apt_install python3-venv && python3 -m venv --clear "$folder"; }; } &&
        timeout "$pip_seconds" "$folder/bin/pip" --quiet --disable-pip-version-check \
            install --no-deps --only-binary :all: "$package" ||
        say "*** componentize-py could not be installed, so its test will be SKIPPED. This brings it:" \
            "python3 -m venv $folder && $folder/bin/pip install $package ***"
}

# Builds the example of those who use it. It goes into the cache, beside whichever version is installed.
set_up_cargo_component() {
    local version=0.21.1 folder example=examples/cargo-component/component
    folder=$cache/cargo-component-$version
    if ! [ -x "$folder/bin/cargo-component" ]; then
        say "cargo-component is missing; make test wants it to build $example"
        say "cargo install cargo-component: 10 minutes or so on two cores, 1.1 GB of disk meanwhile, 18 MB in the end"
        # By a folder that is renamed at the end, so that what was interrupted is not taken for it.
        rm -rf "$folder".unfinished.*
        local unfinished=$folder.unfinished.$$
        if ! cargo install cargo-component --version "=$version" --locked --quiet --no-track --root "$unfinished"; then
            rm -rf "$unfinished"
            say "*** cargo-component could not be installed, so its test will be SKIPPED. This brings it:" \
                "cargo install cargo-component@$version --locked --root $folder ***"
            return
        fi
        mv "$unfinished" "$folder"
    fi
    # Its own target: rustup has it, and Debian's packages have not.
    local libraries
    libraries=$(rustc --print target-libdir --target wasm32-wasip1)
    if ! [ -d "$libraries" ]; then
        say "the Rust standard library for wasm32-wasip1 is missing; cargo-component wants it"
        { command -v rustup >/dev/null && timeout "$rustup_seconds" rustup target add wasm32-wasip1 </dev/null; } ||
            say "*** rustup could not bring it, so the test of cargo-component will be SKIPPED ***"
    fi
    # Tests use no network.
    cargo fetch --quiet --locked --manifest-path "$example/Cargo.toml"
}

miss() {
    echo "setup: *** $1 could not be installed, so what needs it will be SKIPPED. This brings it: $2 ***" >&2
    # Where nobody reads this, a test that was skipped would pass for one that passed.
    if [ "${CI:-}" = true ]; then exit 1; fi
}

# Measurements over TLS compare with what others use. The bench compiles small programs of its own with these libraries.
set_up_native_clients() {
    if { command -v cc && command -v neon-config && command -v curl-config; } >/dev/null; then return; fi
    say "neon, curl's library or a C compiler is missing; make bench compares with them"
    local packages=(gcc libc6-dev libneon27-dev libcurl4-openssl-dev)
    if apt_install "${packages[@]}"; then return; fi
    echo "setup: *** they could not be installed, so what needs them will be SKIPPED. This brings them:" \
        "apt-get install ${packages[*]} ***" >&2
    if [ "${CI:-}" = true ]; then exit 1; fi
}

# ------------------------------------------------------------------------------------------------- to fuzz and to mutate

# libFuzzer comes as source, in C++. What is fuzzed is native, so this needs no guest target.
set_up_cpp_compiler() {
    command -v c++ >/dev/null || apt_install g++ || fail "a C++ compiler is missing. This brings it: apt-get install g++"
}

set_up_cargo_command() {
    need_rust
    if cargo "$1" --version >/dev/null 2>&1; then return; fi
    say "cargo-$1 is missing: cargo install cargo-$1 (a minute or two)"
    cargo install "cargo-$1" --version "$2" --locked --quiet
}

# ---------------------------------------------------------------------------------------------------------------- apt

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        return 1
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@" # nobody is there to type a password
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

apt_update() {
    say "apt-get update"
    apt_get update
}

# --no-remove: what is installed here and does not go together with these packages must not be lost.
apt_install() {
    command -v apt-get >/dev/null || return 1
    if ! apt-cache show "$@" >/dev/null 2>&1; then apt_update || true; fi
    say "apt-get install $*"
    local install=(install -y --no-install-recommends --no-remove "$@")
    if apt_get "${install[@]}" >/dev/null; then return; fi
    # Debian renews packages within a release, and what the lists here name may be gone.
    if apt_update && apt_get "${install[@]}" >/dev/null; then return; fi
    # Without the right to install, what somebody else has installed will do.
    are_installed "$@"
}

are_installed() {
    local states
    # shellcheck disable=SC2016 # dpkg fills this in
    states=$(dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null) && [ "$(sort -u <<<"$states")" = installed ]
}

# Installs a package and does not have its service started, neither now nor when the machine starts.
apt_install_unstarted() (
    # Debian asks this program before it starts a service. If there is one already, the machine's owner has decided.
    policy=/usr/sbin/policy-rc.d
    if command -v apt-get >/dev/null && [ ! -e "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        trap 'exit 1' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy" || exit 1
    fi
    apt_install "$1" || exit 1
    as_root update-rc.d "$2" disable >/dev/null 2>&1 || true
)

main "$@"
