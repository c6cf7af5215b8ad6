// One simulated world: replicas with their volumes, networks, etcd processes and agents, the host
// that starts and stops them as a StatefulSet does, and clients that write. The world knows all of
// itself; agents know only what their adapters deliver.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/step.hpp"
#include "sim/coverage/coverage.hpp"
#include "sim/faults/episodes.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/oracles/oracles.hpp"
#include "sim/world/agent.hpp"
#include "sim/world/api.hpp"
#include "sim/world/cluster.hpp"
#include "sim/world/disk.hpp"
#include "sim/world/host.hpp"
#include "sim/world/names.hpp"
#include "sim/world/network.hpp"
#include "sim/world/onlooker.hpp"
#include "sim/world/parts.hpp"
#include "sim/world/store.hpp"

namespace quorate::sim {

enum class Retention : std::uint8_t { retain, on_scale_delete };

struct Config {
    std::uint64_t seed = 1;
    Desired desired{3, PodManagement::parallel};
    Version version{3, 5, 23};
    Policy policy = default_policy();
    Retention volumes = Retention::retain;
    std::uint64_t snapshot_count = 10'000;  // what the agent tells its etcd [etcd_arguments.cpp]
    Span pod_grace = seconds(60);
    std::uint64_t quota_mib = 100;  // of each member's database, from its next start on
    Span put_period = milliseconds(500);
    Onlooker* onlooker = nullptr;  // outlives the world
    std::vector<Released>* released_into = nullptr;
    // What the oracles are tested with: another core, and an engine that forgets its journal.
    Step (*step)(State, const Event&) = &quorate::step;
    bool forgets_to_commit = false;
    bool leaps = true;
};

// Times that make a world lively: what takes minutes in production takes seconds.
Policy quick_policy();
inline constexpr std::uint64_t quick_snapshot_count = 200;

class World final : private EtcdWatcher {
  public:
    static constexpr std::uint8_t size = Network::size;

    explicit World(Config config);
    // The same world at the same instant, which goes its own way from here on: origin and copy
    // share nothing but who looks on.
    explicit World(const World& origin);
    World& operator=(const World&) = default;

    // Runs everything that happens until then.
    void run_until(Instant until);
    void run_for(Span span) { run_until(kernel.now + span); }

    // One fault, now, as a scenario writes it: "hold 2 for 20s". False: it does not apply.
    bool suffer(const std::string& fault);
    // Ends every fault that can end; what was lost stays lost.
    void end_faults() { faults.end_all(); }

    // What faults and operators do, one thing each: sim/faults puts them together.
    void scale(std::uint32_t replicas);
    void set_policy(PodManagement policy);
    void kill_etcd(std::uint8_t o) { cluster.end(o, ExitClass::killed); }
    void kill_agent(std::uint8_t o) { agents[o]->die(); }
    // By a release that knows what this one does not.
    void replace_agent(std::uint8_t o) {
        agents[o]->forget_unknown();
        if (agents[o]->halted()) agents[o]->die();
    }
    // Each connection of this replica breaks; false: it has none.
    bool reset(std::uint8_t o);
    void delete_pod(std::uint8_t o);
    void stop_agent(std::uint8_t o);  // SIGTERM to its container, SIGKILL after the grace
    void wipe(std::uint8_t o);
    void save(std::uint8_t o) { saved_[o] = volumes[o]; }
    bool roll_back(std::uint8_t o);
    void swap(std::uint8_t a, std::uint8_t b);
    void clone(std::uint8_t from, std::uint8_t to);
    // Another etcd for this replica, and its pod anew, as a rollout does.
    void upgrade(std::uint8_t o, Version version);
    void hold(std::uint8_t o, bool held);
    void trouble_host(const HostTrouble& trouble);
    void trouble_names(const Names::Trouble& trouble);
    // Each false: there is nothing to do it to.
    bool delete_claim(std::uint8_t o);  // it goes with its pod
    bool strip_claim(std::uint8_t o);   // it goes at once, with whatever uses it
    void finish_deletions();            // as if every pod of a claim that ends had gone
    bool lose_node(std::uint8_t o);     // for good: its pod is made anew elsewhere
    bool force_delete(std::uint8_t o);
    bool set_retention(Retention now);
    void roll_out() { rollout_ = store.desired.replicas; }
    void cut_store(std::uint8_t o, bool cut);
    bool change_content(std::uint8_t o);
    bool damage(std::uint8_t o, Damage kind);  // its files, while nothing runs there
    bool misdirect(std::uint8_t o);            // a write, into the middle of its log
    bool lose_rename(std::uint8_t o);          // of its newest identity, with the power
    bool erase(std::uint64_t mib);             // keys that are not wanted any more
    void lose_journal(std::uint8_t o, std::size_t records);  // its last ones
    void swap_journals(std::uint8_t a, std::uint8_t b);
    std::optional<Ordinal> best_survivor() const;
    bool approve_rebuild();                       // with the token of the plan, if there is one
    bool take_record_back(std::uint32_t writes);  // to what it was so many writes ago
    bool lose_record();
    bool disarm_nospace();  // as a person does, with room or without
    void trouble_api(const Api::Trouble& trouble);
    void lose_answers(std::uint32_t percent) { lost_answers_percent = percent; }

    // What an omniscient eye sees.
    bool repair_under_way() const;  // by an agent that lives and holds authority
    bool steady() const;
    bool content_differs(std::uint8_t a, std::uint8_t b) const;
    std::string why_not_steady() const;
    std::optional<std::string> parked() const;  // why, by the first agent that says so
    std::optional<std::string> parked(std::uint8_t o) const;
    bool runs(std::uint8_t o) const { return agents[o]->alive(); }
    std::size_t bytes_held() const;  // on the heap, about: for whoever keeps copies

    // For the parts.
    void agent_ended(std::uint8_t o);
    void store_changed();  // it is another than it was
    // Whoever asks is heard, if only to be told to come again.
    bool api_admits(std::uint8_t o) const {
        return network.reaches_store(o) && !api.trouble.forbidden[o];
    }
    bool no_set() const { return host.no_set; }  // nobody says how many replicas are desired
    void set_journal_aside(std::uint8_t o);
    std::uint64_t await_request(std::uint8_t via, std::uint8_t agent, const Command& command,
                                std::uint64_t number, bool answer_lost);
    void forget_request(std::uint64_t uid) { requests_.erase(uid); }
    bool watched() const { return config.onlooker != nullptr; }
    void say(const std::string& line) const {  // to whoever looks on
        if (watched()) config.onlooker->said(*this, line);
    }

    Config config;
    Kernel kernel;
    Network network;
    std::array<Volume, Network::size> volumes;
    Store store;
    Api api;
    Cluster cluster;
    Oracles oracles;
    Episodes faults;
    Coverage coverage;
    std::array<Placed<Agent>, Network::size> agents;
    std::array<Pod, Network::size> pods;
    std::array<Claim, Network::size> claims;
    HostTrouble host;
    Names names;
    std::uint32_t lost_answers_percent = 0;
    std::uint32_t conflicts_percent = 0;
    std::array<Span, Network::size> watch_lag{};
    std::uint64_t destructive_commands = 0;  // that agents released
    Instant changed_at;                      // when values last changed behind a member's back
    Instant by_hand_at;                      // when a person last did
    bool by_hand = false;                    // a person changes the membership just now

  private:
    struct Request {
        std::uint8_t via = 0;
        std::uint8_t agent = 0;
        std::uint64_t life = 0;
        std::uint64_t write = 0;   // of a client; else 0
        std::uint64_t number = 0;  // of an agent's command, as faults count them
        bool answer_lost = false;
        Command command;
    };

    void happen(const Happening& what);
    void show(std::uint8_t instance, std::uint64_t version);

    // supervisor.cpp
    void reconcile();
    void reconcile_pod(std::uint8_t o);
    void start_pod(std::uint8_t o, Span after);
    void terminate_pod(std::uint8_t o);
    void pod_is_gone(std::uint8_t o);
    void pod_starts(std::uint8_t o);
    void restart_container(std::uint8_t o);
    bool ready(std::uint8_t o);
    bool all_others_ready(std::uint8_t o);
    void disrupt();

    // names.cpp
    void address_changed(std::uint8_t o);
    void look_up(std::uint8_t from, std::uint8_t to, Span stale);
    void name_found(const Happening& what);

    // claims.cpp
    bool may_be_made(std::uint8_t o);
    void bind(std::uint8_t o);
    void finish_claim(std::uint8_t o);
    void lose_volume(std::uint8_t o);

    // client.cpp
    void put();

    // EtcdWatcher
    void starting(std::uint8_t ordinal, const EtcdData& data) override;
    void founding(std::uint8_t ordinal, const EtcdData& data) override;
    void exited(std::uint8_t ordinal, ExitClass why) override;
    void applied(std::uint8_t ordinal, const LogEntry& entry, bool accepted) override;
    void established(std::uint8_t ordinal) override;
    void removal_asked(std::uint8_t leader, MemberId target) override;
    void promotion_asked(std::uint8_t leader, MemberId target) override;
    void suffered(Fault fault) override { faults.felt(fault); }
    void answer_request(const Request& request, const LogEntry& entry, bool accepted);

    std::array<std::optional<Volume>, Network::size> saved_;
    Retention retention_;
    std::uint32_t rollout_ = 0;  // so many pods are still to be made anew
    std::map<std::uint64_t, Request> requests_;
    std::uint64_t next_uid_ = 0;
    std::uint64_t next_write_ = 0;
};

}  // namespace quorate::sim
