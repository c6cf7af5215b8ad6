# Sourced: processes that outlive the command that started them, and how to end exactly these. The
# state is below $home: commands/NAME is how it is started, pids/NAME is who it is, log/NAME.log what
# it said. A pid alone would name a stranger once it was given out again, so the time it started at is
# kept with it.

# Wrapped around every process: writes down who it is before anything can end the starter, and closes
# what it inherited, so that nobody waits for a lock or the end of a pipe that a daemon holds.
# shellcheck disable=SC2016
become_daemon='
for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd <= 2)) || eval "exec $fd>&-"; done
read -ra self </proc/self/stat
echo "${self[0]} ${self[21]}" >"$1.new"
mv "$1.new" "$1"
eval "exec $2"'

# The environment is ours alone: a proxy for the world outside is none for a cluster inside.
clean_environment=(env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C)

# await SECONDS WHAT COMMAND...: until it succeeds. WHAT ends the sentence "... did not".
await() {
    local seconds=$1 what=$2 deadline
    shift 2
    deadline=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || die "after $seconds s: $what; the logs are in $home/log"
        sleep 0.1
    done
}

# pid_of NAME: prints it and succeeds while that very process runs. One whose parent has not asked for
# its end yet runs no more, but only once its last thread has let go of files and ports.
pid_of() {
    local pid started self threads
    { read -r pid started <"$home/pids/$1" && read -ra self <"/proc/$pid/stat"; } 2>/dev/null || return 1
    threads=(/proc/"$pid"/task/*)
    [[ ${self[21]} == "$started" && (${self[2]} != Z || ${#threads[@]} -gt 1) ]] || return 1
    echo "$pid"
}

is_gone() {
    ! pid_of "$1" >/dev/null
}

# define NAME COMMAND...: what `start NAME` starts, then and later.
define() {
    local name=$1
    shift
    printf '%q ' "$@" >"$home/commands/$name"
}

start() {
    is_gone "$1" || die "$1 runs already"
    rm -f "$home/pids/$1"
    setsid "${clean_environment[@]}" bash -c "$become_daemon" "$1" "$home/pids/$1" "$(<"$home/commands/$1")" \
        >>"$home/log/$1.log" 2>&1 </dev/null &
    disown # or this shell would tell of its end, when `down` comes in the same one
    await 10 "$1 did not start" test -e "$home/pids/$1"
}

define_and_start() {
    define "$@"
    start "$1"
}

# signal NAME SIGNAL
signal() {
    local pid
    pid=$(pid_of "$1") || die "$1 does not run"
    kill -"$2" "$pid"
}

# stop NAME: at once, as a power switch would, and not an error when there is nothing to stop.
stop() {
    local pid
    if pid=$(pid_of "$1"); then kill -KILL "$pid" 2>/dev/null || true; fi
    await 10 "$1 did not end" is_gone "$1"
}
