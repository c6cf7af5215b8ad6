#include "tools/quorate/home.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "adapters/host/settings.hpp"
#include "adapters/local/files.hpp"

namespace quorate::cli {

std::string default_dir() {
    return is_pod(local::Layout(pod_run_dir)) ? pod_run_dir : "quorate-data";
}

bool is_pod(const local::Layout& layout) {
    std::error_code error;
    return std::filesystem::exists(layout.pod(), error);
}

local::Layout home_at(const std::string& dir) {
    std::error_code error;
    std::filesystem::path path = std::filesystem::absolute(dir, error).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "D/" is D
    return local::Layout(path);
}

std::optional<pid_t> running_up(const local::Layout& layout) {
    const int fd = ::open(layout.up_lock().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    const bool held = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(fd);
    if (!held) return std::nullopt;
    const auto content = local::read_file(layout.up_lock());
    if (!content || !*content) return std::nullopt;
    return static_cast<pid_t>(std::strtol((*content)->c_str(), nullptr, 10));
}

Result<void> must_be_home(const local::Layout& layout) {
    std::error_code error;
    if (!std::filesystem::exists(layout.setup(), error) && !is_pod(layout))
        return refused("there is no cluster of quorate; make one with quorate up --dir " +
                           layout.root().string() + ", or name another directory with --dir",
                       layout.root());
    return {};
}

Result<pid_t> must_run(const local::Layout& layout) {
    if (auto home = must_be_home(layout); !home) return tl::unexpected(home.error());
    const auto pid = running_up(layout);
    if (!pid)
        return unavailable(
            "nothing runs here; start it with quorate up --dir " + layout.root().string(),
            layout.root());
    return *pid;
}

Result<void> must_not_be_in_a_pod(const local::Layout& layout, const std::string& instead) {
    if (is_pod(layout)) return refused("is in a pod; " + instead, layout.root());
    return {};
}

Exit not_running(const Failure& failure) {
    return fail(failure.kind == FailureKind::refused ? Exit::usage : Exit::unreachable, failure);
}

std::optional<Span> duration_of(const std::string& option, const std::string& text) {
    const auto span = host::parse_span(text);
    if (span) return *span;
    fail(Exit::usage, option + ": \"" + text + "\" is not a duration such as 500ms, 60s or 2m");
    return std::nullopt;
}

}  // namespace quorate::cli
