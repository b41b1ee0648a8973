# shellcheck shell=bash disable=SC2034
# What scripts/setup.sh and scripts/guest-cargo must agree on: which compiler builds the guests. Sourced, never run.

guest_target=wasm32-wasip2

# The compiler that Debian's rustc-web package installs. Only used where rustup cannot bring the target.
debian_rustc=/usr/bin/rustc

# Raise this when setup.sh makes the private toolchain differently, so that old ones are not used any more. (cargo does not
# notice another standard library for the same version of rustc: `make clean` then.)
recipe=1

cache=${XDG_CACHE_HOME:-$HOME/.cache}/xenon

# Finds out `target_libdir`, where the active rustc has the target's standard library if it has it at all, and `linkers`,
# where rustup's toolchains keep rust-lld and wasm-component-ld. In one call, because each costs some 20 ms.
ask_active_rustc() {
    local answers sysroot host
    answers=$(rustc --print sysroot --print host-tuple --print target-libdir --target "$guest_target" 2>/dev/null) || return 1
    { read -r sysroot && read -r host && read -r target_libdir; } <<<"$answers"
    linkers=$sysroot/lib/rustlib/$host/bin
}

# Call ask_active_rustc first. XENON_GUEST_TOOLCHAIN=private has the toolchain from Debian's packages used all the same.
active_rustc_has_target() {
    if [ "${XENON_GUEST_TOOLCHAIN:-}" = private ]; then return 1; fi
    compgen -G "$target_libdir/libstd-*.rlib" >/dev/null
}

# Says in `private_toolchain` where the toolchain for Debian's rustc is or would be; fails when there is no such rustc.
# The version is in the name because a standard library serves exactly the compiler that built it.
find_private_toolchain() {
    local version
    version=$("$debian_rustc" --version 2>/dev/null) || return 1
    version=${version#rustc }
    private_toolchain=$cache/wasip2-${version%% *}-r$recipe
}

# Takes out of the environment what a calling cargo, build script, test or make has put there for itself and what would
# change the build: a nested cargo must choose its own compiler, flags, folders and job slots. What a person configures
# (where cargo keeps things, how it reaches registries, how it prints, what is said of the guests' target alone) stays.
clean_environment() {
    local name
    for name in $(compgen -e); do
        case $name in
        CARGO_HOME | CARGO_NET_* | CARGO_HTTP_* | CARGO_REGISTR* | CARGO_TERM_* | CARGO_BUILD_JOBS) ;;
        CARGO_TARGET_WASM32_WASIP2_*) ;;
        CARGO | CARGO_* | RUSTC | RUSTC_* | RUSTDOC | RUSTFLAGS | CLIPPY_ARGS | DEP_*) unset "$name" ;;
        TARGET | HOST | PROFILE | OPT_LEVEL | DEBUG | NUM_JOBS | OUT_DIR | SYSROOT) unset "$name" ;;
        MAKEFLAGS | MFLAGS | MAKELEVEL) unset "$name" ;;
        esac
    done
}
