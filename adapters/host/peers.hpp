// Tells the other agents how far this replica's etcd has come, each probe period while that
// changes, keeps what they tell, and posts to the core what it may turn on: a peer's first report
// of this life, a change of identity, and positions by the heartbeat. It decides nothing.
//
// Two memories: the newest of each peer lives here, a second old, and is what a peer that starts is
// told; what was posted is in the core's facts, hence in the journal, and fills the one here after
// a restart of this agent. So the journal grows by a few records a minute while writes go on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "adapters/host/agent.hpp"
#include "adapters/host/tasks.hpp"
#include "adapters/peer/client.hpp"
#include "adapters/peer/server.hpp"
#include "core/model/observation.hpp"
#include "core/model/state.hpp"

namespace quorate::host {

class Peers {
  public:
    // What is known of this replica now; an empty lineage: no record of a cluster that was founded.
    struct Own {
        Lineage lineage;
        Remembered self;
        std::optional<ContentFound> content;  // by this agent's last comparison
        std::vector<Ordinal> replicas;        // of interest, this one among them or not
    };
    struct Hooks {
        std::function<Own()> own;
        // The cluster that is known to be founded, empty: none; nullopt: nothing can be told yet.
        std::function<std::optional<Lineage>(const Lineage& last_told)> founded;
        std::function<void(Observation)> post;
        std::function<void(std::string)> warn;
        std::function<void(Ordinal)> heard = [](Ordinal) {};
        std::function<void(const char*)> refused = [](const char*) {};  // counted by reason
        // On gRPC's threads; peer::Handlers::came_from.
        std::function<void(Ordinal, std::string)> came_from = [](Ordinal, std::string) {};
    };

    // `boot`: random, of this life.
    Peers(boost::asio::io_context& loop, const AgentConfig& config, std::uint64_t boot,
          Hooks hooks);
    Peers(const Peers&) = delete;
    Peers& operator=(const Peers&) = delete;
    ~Peers();

    // Begins with what the core still knows from before. Refused without certificates.
    Result<void> start(const Facts& facts);
    void stop();

    // These are asked at once, and again until each has answered; replaces the set.
    void ask(const std::vector<Ordinal>& peers);

  private:
    struct Target {
        std::shared_ptr<peer::Client> client;
        std::optional<Remembered> told;            // what it took last
        std::optional<ContentFound> told_content;  // the same, without what merely grows
        Instant told_at;
        std::optional<PeerReport> posted;
        Instant posted_at;
        bool under_way = false;
    };

    void tick();
    void renew();
    bool due(Ordinal ordinal, const Target& target) const;
    void exchange(Ordinal ordinal);
    void answered(Ordinal ordinal, const PeerReport& told, const Result<PeerReport>& answer);
    void keep(Ordinal from, const PeerReport& report);
    void tell_core(Ordinal from, const PeerReport& report);
    void doubt(const char* why, const std::string& what);
    std::optional<PeerReport> next_report();

    boost::asio::io_context& loop_;
    boost::asio::steady_timer timer_;
    const AgentConfig& config_;
    Hooks hooks_;
    std::map<Ordinal, Target> targets_;
    std::vector<Ordinal> replicas_;
    std::set<Ordinal> asked_;
    std::map<std::string, Instant> warned_at_;  // by reason, of which there are few
    bool started_ = false;

    std::mutex mutex_;  // of what gRPC's threads read and write
    const std::uint64_t boot_;
    std::uint64_t sequence_ = 0;
    Lineage lineage_;
    std::optional<Lineage> founded_;
    Remembered self_;
    std::optional<ContentFound> content_;
    Instant content_read_at_;
    SmallMap<Ordinal, Remembered> others_;

    Tasks tasks_;
    std::unique_ptr<peer::Server> server_;
};

}  // namespace quorate::host
