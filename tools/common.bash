# Sourced by the scripts of this folder: where the checkout is, and how it is configured and built.
# Everything here talks on stderr, so that a script's stdout belongs to its result.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# A clone elsewhere finds what an earlier one compiled: paths below the checkout are not part of the key.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# One line that names the cause and the next step; the script ends.
die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Compiler jobs: one a core, but never more than the memory carries. The heaviest files (state
# machines, gRPC) take up to 1.5 GB each.
build_jobs() {
    local cores memory_kb by_memory
    cores=$(nproc)
    memory_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
    by_memory=$((memory_kb / 1500000))
    ((by_memory >= 1)) || by_memory=1
    echo $((cores < by_memory ? cores : by_memory))
}

# configure DIR [MESON OPTION...]: once; later changes of meson files are ninja's to notice.
configure() {
    local dir=$1
    shift
    [[ -e $dir/build.ninja ]] && return
    meson setup "$dir" "$root" --buildtype=debugoptimized "$@" >&2 ||
        die "meson could not configure $dir: its message is above"
}

# build DIR [TARGET...]: all targets when none is named.
build() {
    local dir=$1
    shift
    [[ $(ninja -C "$dir" -n "$@" 2>&1) == *'no work to do'* ]] && return
    ninja -C "$dir" -j "$(build_jobs)" "$@" >&2 || die "the build in $dir failed: the first error is above"
}
