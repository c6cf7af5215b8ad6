#include "tools/quorate/checks.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "core/base/limits.hpp"
#include "tools/quorate/ports.hpp"

namespace quorate::cli {
namespace {

namespace fs = std::filesystem;

// etcd preallocates two WAL segments of 64 MB; the journal and the db come on top.
constexpr std::uint64_t space_of_new_replica = std::uint64_t{144} << 20;

// The first of its folders that exists.
fs::path existing(fs::path path) {
    std::error_code error;
    while (!fs::exists(path, error) && path.has_relative_path())
        path = path.parent_path();
    return path;
}

}  // namespace

Result<void> check_replicas(std::int64_t replicas) {
    if (replicas < 0 || replicas > limits::replicas_max)
        return refused("a cluster has 0 to " + std::to_string(limits::replicas_max) +
                           " replicas, not " + std::to_string(replicas),
                       "replicas");
    return {};
}

Result<void> check_port_base(std::int64_t base) {
    const std::int64_t span = 10 * (limits::replicas_max - 1) + local::ports_each - 1;
    if (base < 1 || base + span > 65535)
        return refused("ports " + std::to_string(base) + " to " + std::to_string(base + span) +
                           " are needed; choose a base from 1 to " + std::to_string(65535 - span),
                       "--port-base");
    return {};
}

Result<void> check_directory(const local::Layout& layout) {
    const fs::path& dir = layout.root();
    std::error_code error;
    const fs::path there = existing(dir);
    if (!fs::is_directory(there, error))
        return refused("is not a directory; choose another with --dir", there);
    if (::access(there.c_str(), W_OK | X_OK) != 0)
        return refused("may not be written by this user; choose another with --dir", there);
    if (there != dir || fs::exists(layout.setup(), error)) return {};
    if (fs::exists(dir / "member", error))
        return refused("is the data directory of an etcd; choose another with --dir", dir);
    for (const auto& entry : fs::directory_iterator(dir, error)) {
        // A person's settings, where somebody sends our output, and what an `up` that failed
        // before its first agent left.
        if (entry.path() == layout.config() || entry.path() == layout.cluster() ||
            entry.path() == layout.pki() || entry.path().extension() == ".log")
            continue;
        return refused("holds " + entry.path().filename().string() +
                           ", which is none of quorate's; choose an empty or new directory with "
                           "--dir",
                       dir);
    }
    if (error)
        return refused("cannot be read: " + error.message() + "; choose another with --dir", dir);
    return {};
}

Result<void> check_ports_of(const Setup& setup, Ordinal ordinal) {
    const local::Ports ports = local::ports_of(setup.port_base, ordinal);
    std::vector<std::uint16_t> needed{ports.client, ports.peer, ports.metrics};
    if (setup.choices.peers_over == host::PeersOver::tcp) needed.push_back(ports.agent);
    for (const std::uint16_t port : needed)
        if (const auto holder = holder_of_port(port))
            return refused("port " + std::to_string(port) + " of replica " +
                               std::to_string(ordinal.value) + " is in use by " + *holder +
                               "; end it, or choose other ports with --port-base",
                           "--port-base " + std::to_string(setup.port_base));
    return {};
}

Result<void> check_ports(const Setup& setup, std::uint32_t replicas) {
    for (std::uint32_t i = 0; i < replicas; ++i)
        if (auto free = check_ports_of(setup, Ordinal{i}); !free) return free;
    return {};
}

Result<void> check_space(const local::Layout& layout, std::uint32_t replicas) {
    std::error_code error;
    std::uint64_t needed = 0;
    for (std::uint32_t i = 0; i < replicas; ++i)
        if (!fs::exists(layout.replica(Ordinal{i}) / "etcd", error)) needed += space_of_new_replica;
    const fs::path there = existing(layout.root());
    struct statvfs space {};
    if (::statvfs(there.c_str(), &space) != 0) return {};
    const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
    if (free >= needed) return {};
    return refused("the disk is full: " + std::to_string(free >> 20) + " MiB are free and " +
                       std::to_string(needed >> 20) +
                       " MiB needed; free some, or choose another directory with --dir",
                   there);
}

}  // namespace quorate::cli
