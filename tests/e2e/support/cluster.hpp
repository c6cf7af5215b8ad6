// `quorate up` as a person runs it: the built program, its agents and real etcd on free ports, in a
// directory of its own that goes with it. Looked at through `quorate status`, and hurt from outside
// with signals and by changing files.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "adapters/disk/volume.hpp"
#include "adapters/etcd/client.hpp"
#include "adapters/local/layout.hpp"
#include "adapters/local/record.hpp"
#include "adapters/peer/address.hpp"
#include "tests/e2e/support/ports.hpp"
#include "tests/e2e/support/run.hpp"
#include "tests/e2e/support/writer.hpp"

namespace quorate::e2e {

// The etcd under test: QUORATE_E2E_ETCD is a line (3.6: the newest built release), a release, or a
// path; 3.4 and nothing mean the etcd in PATH. nullopt: not on this machine.
std::optional<std::string> etcd_binary();

// One that is named like QUORATE_E2E_ETCD, for cases that run several.
std::optional<std::string> etcd_binary(const std::string& wanted);

// Its line, such as 3.6.0.
Version etcd_line();

class Cluster {
  public:
    using Words = std::vector<std::string>;
    struct Options {
        int replicas = 3;
        std::string policy = "parallel";
        std::vector<std::string> set;  // KEY=VALUE, over the short timings of all tests
        std::string etcd = {};   // a release, for cases that run several; else the one under test
        bool lone_etcd = false;  // runs a copy of etcd that has no tools beside it
        std::function<void(const local::Layout&)> before_start = [](const auto&) {};
        std::function<Words(Words)> run_by = [](Words up) { return up; };  // a program that runs it
    };

    explicit Cluster(Options options);  // returns when it is steady, and recorded who is who
    ~Cluster();
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    const local::Layout& layout() const { return layout_; }
    std::filesystem::path volume(int ordinal) const { return layout_.replica(ordinal_of(ordinal)); }
    disk::Volume disk(int ordinal) const { return disk::Volume{volume(ordinal)}; }
    // Names in the replica's set-aside directory, in the order of time.
    std::vector<std::string> set_aside(int ordinal) const;
    bool has_set_aside(int ordinal, const std::string& reason) const;

    // --- What it says -------------------------------------------------------------------------
    nlohmann::json status() const;  // null while nobody answers
    nlohmann::json member(int ordinal) const;
    std::string member_id(int ordinal) const;  // as the record has it, hex; empty: it has none
    pid_t agent_pid(int ordinal) const;        // 0 while there is none
    pid_t etcd_pid(int ordinal) const;
    int leader() const;  // waits for one
    ClusterRecord record() const;
    // What agent 0 remembers of a replica, told as it is told to any agent that starts.
    LogIndex remembered(int ordinal) const;
    std::vector<pid_t> processes_of(int ordinal) const;  // its agent and its etcd

    Ran command(std::vector<std::string> words) const;  // quorate WORDS --dir D
    void await(const std::string& what);  // quorate wait --for what; throws when it did not come
    void await_steady(int replicas);      // with so many voters, all serving
    // Throws with the picture when it did not come.
    void await(const std::string& what, const std::function<bool()>& condition);
    std::vector<std::string> member_ids(int replicas);  // when all have one
    nlohmann::json await_parked();  // who is, why, and the next step
    // The replica is a member again, under another identity.
    void await_replaced(int ordinal, const std::string& old_id);
    std::string picture() const;  // status, decisions and log tails, for failures
    std::string said() const { return text_of(layout_.root() / "test-up.log"); }  // by `up`

    // --- What is done to it -------------------------------------------------------------------
    void start();
    void use_etcd(const std::string& release);  // from the next start() on
    void stop_all();                            // down; returns when no process is left
    void scale(int replicas);
    void kill_everything();  // `up` too
    void kill_etcd(int ordinal);
    void kill_agent(int ordinal);  // its etcd goes with it
    void signal_agent(int ordinal, int signal);
    // Replicas are killed, changed, and only then started again by `up`.
    void while_dead(const std::vector<int>& ordinals, const std::function<void()>& change);

    std::unique_ptr<etcd::Client> client(int ordinal) const;
    std::unique_ptr<etcd::Client> serving_client() const;
    Writer::Clients clients(int replicas) const;
    int client_port(int ordinal) const;
    peer::Address peer_address(int ordinal) const;  // where its agent hears the others
    std::string quorate() const;                    // the program
    std::filesystem::path etcd() const { return etcd_; }

    // Every journal replays; returns what did not.
    std::string unreplayable() const;

  private:
    static Ordinal ordinal_of(int number) { return Ordinal{static_cast<std::uint32_t>(number)}; }

    std::filesystem::path programs() const { return dir_.string() + "-programs"; }
    void remove_files() const;

    Options options_;
    std::string etcd_;
    std::filesystem::path dir_;
    local::Layout layout_;
    Ports ports_;
    pid_t up_ = 0;
    int desired_ = 0;
};

}  // namespace quorate::e2e
