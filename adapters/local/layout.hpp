// Where things lie under a directory D of `quorate up`, in one place: the agent, the supervisor and
// every verb of the command line ask here.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/ids.hpp"

namespace quorate::local {

class Layout {
  public:
    explicit Layout(std::filesystem::path root) : root_(std::move(root)) {}

    const std::filesystem::path& root() const { return root_; }

    // What all agents share.
    std::filesystem::path config() const { return root_ / "quorate.yaml"; }  // a person's
    std::filesystem::path cluster() const { return root_ / "cluster"; }
    std::filesystem::path setup() const { return cluster() / "setup.json"; }  // of this `up`
    std::filesystem::path pod() const { return cluster() / "pod"; }  // instead, in a pod: its name
    std::filesystem::path desired() const { return cluster() / "desired.json"; }  // the StatefulSet
    std::filesystem::path record() const { return cluster() / "record.json"; }
    std::filesystem::path lease() const { return cluster() / "lease.json"; }
    std::filesystem::path pki() const { return root_ / "pki"; }
    std::filesystem::path client_env() const { return root_ / "client.env"; }
    std::filesystem::path up_lock() const { return cluster() / "up.lock"; }  // held by a running up
    std::filesystem::path up_log() const { return root_ / "up.log"; }

    // One replica's volume: survives the replica's removal, as claims do.
    std::filesystem::path replica(Ordinal ordinal) const {
        return root_ / ("replica-" + std::to_string(ordinal.value));
    }
    std::filesystem::path journal(Ordinal ordinal) const { return replica(ordinal) / "journal"; }
    std::filesystem::path log(Ordinal ordinal) const { return replica(ordinal) / "log"; }
    std::filesystem::path etcd_log(Ordinal ordinal) const { return log(ordinal) / "etcd.log"; }
    std::filesystem::path agent_log(Ordinal ordinal) const { return log(ordinal) / "agent.log"; }

    // Who runs now. Not in the volume: one that is deleted under a running agent must hide neither
    // the agent nor its etcd.
    std::filesystem::path agent_lock(Ordinal ordinal) const {
        return running(ordinal, "agent", ".lock");
    }
    std::filesystem::path agent_pid(Ordinal ordinal) const {
        return running(ordinal, "agent", ".pid");
    }
    std::filesystem::path etcd_pid(Ordinal ordinal) const {
        return running(ordinal, "etcd", ".pid");
    }
    // Unix socket of the agent's API. Socket paths are short: outside D when D is too long for
    // one, in a directory named by D's hash.
    std::filesystem::path socket(Ordinal ordinal) const { return socket(ordinal, "agent"); }
    // The same, on which the other agents tell it what they know.
    std::filesystem::path peer_socket(Ordinal ordinal) const { return socket(ordinal, "peer"); }

  private:
    std::filesystem::path socket(Ordinal ordinal, const char* program) const;
    std::filesystem::path running(Ordinal ordinal, const char* program, const char* kind) const {
        return cluster() / (program + ("-" + std::to_string(ordinal.value)) + kind);
    }

    std::filesystem::path root_;
};

// Ports of one replica: four in a row, ten apart, from the base.
inline constexpr int ports_each = 4;
struct Ports {
    std::uint16_t client;
    std::uint16_t peer;
    std::uint16_t metrics;  // of the agent
    std::uint16_t agent;    // for the other agents, when they do not meet on sockets
};
constexpr Ports ports_of(std::uint16_t base, Ordinal ordinal) {
    const auto first = static_cast<std::uint16_t>(base + 10 * ordinal.value);
    return {first, static_cast<std::uint16_t>(first + 1), static_cast<std::uint16_t>(first + 2),
            static_cast<std::uint16_t>(first + ports_each - 1)};
}

}  // namespace quorate::local
