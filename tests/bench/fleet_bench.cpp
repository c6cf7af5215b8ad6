// What a host's API server has to bear when it carries many clusters of three: 1,000 simulated
// lives with the product's core and default policy, all of which form at one moment, are quiet, and
// then suffer the same at one moment. Prints one JSON object, per phase the means and the busiest
// second.
//
//     fleet_bench [CLUSTERS] [SEED]          1000 clusters, seeds from 1, unless said otherwise
//
// Each command is counted as the calls that the adapter makes for it (adapters/kube/store.cpp), and
// what it does unasked: the list at an agent's start, the StatefulSet that is looked at every few
// seconds, a lease that is renewed. Bytes are those of the record as it is stored, without what the
// API server adds to every object.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "core/wire/record.hpp"
#include "sim/run/run.hpp"
#include "sim/tape/tape.hpp"

namespace quorate::sim {
namespace {

constexpr std::uint32_t replicas = 3;
constexpr double statefulset_looks_per_s = 1.0 / 3;  // of an agent, adapters/kube/watch.cpp
constexpr std::int64_t renewals_per_ttl = 3;         // adapters/host/outbox.cpp

// Of one second, all clusters together.
struct Load {
    double writes = 0;
    double reads = 0;
    double listed_bytes = 0;
    double watched_bytes = 0;

    void add(const Load& other) {
        writes += other.writes;
        reads += other.reads;
        listed_bytes += other.listed_bytes;
        watched_bytes += other.watched_bytes;
    }
};

class Meter final : public Onlooker {
  public:
    explicit Meter(std::vector<Load>& seconds) : seconds_(seconds) {}

    void said(const World&, const std::string&) override {}
    void happened(const World&, const Happening&) override {}
    void decided(const World& world, std::uint8_t, const Event& event,
                 const Decision& decision) override {
        Load* load = second_of(event.at);
        if (load == nullptr) return;
        if (std::holds_alternative<AgentStarted>(event.observation)) {
            load->reads += 1;
            load->listed_bytes += static_cast<double>(record_bytes_);
        }
        for (const Command& command : decision.commands)
            count(*load, event.at, command.body);
        static_cast<void>(world);
    }

  private:
    // Life begins one second after zero.
    Load* second_of(Instant at) {
        const auto second = static_cast<std::size_t>(at.us / 1'000'000 - 1);
        return second < seconds_.size() ? &seconds_[second] : nullptr;
    }

    void count(Load& load, Instant at, const CommandBody& body) {
        if (const auto* write = std::get_if<WriteRecord>(&body)) {
            record_bytes_ = wire::to_json(write->record).size();
            load.reads += write->fence.value != 0 ? 2 : 1;
            load.writes += 1;
            load.watched_bytes += static_cast<double>(record_bytes_ * replicas);
        } else if (const auto* acquire = std::get_if<AcquireAuthority>(&body)) {
            load.reads += 2;
            load.writes += 1;
            held_since_ = at;
            renewed_each_ = Span{acquire->ttl.us / renewals_per_ttl};
        } else if (std::holds_alternative<ReleaseAuthority>(body)) {
            load.reads += 1;
            load.writes += 1;
            for (Instant renewal = held_since_ + renewed_each_; renewal < at;
                 renewal = renewal + renewed_each_)
                if (Load* then = second_of(renewal)) then->reads += 1, then->writes += 1;
        } else if (std::holds_alternative<AddLearner>(body) ||
                   std::holds_alternative<PromoteMember>(body) ||
                   std::holds_alternative<RemoveMember>(body)) {
            load.reads += 2;  // is the lease still held, are as many still desired
        }
    }

    std::vector<Load>& seconds_;
    std::size_t record_bytes_ = 0;
    Instant held_since_;
    Span renewed_each_;
};

struct Phase {
    const char* name;
    std::size_t from;
    std::size_t until;
};

nlohmann::json told(const std::vector<Load>& seconds, const Phase& phase) {
    Load sum;
    Load most;
    for (std::size_t second = phase.from; second < phase.until; ++second) {
        const Load& load = seconds[second];
        sum.add(load);
        most.writes = std::max(most.writes, load.writes);
        most.reads = std::max(most.reads, load.reads);
        most.listed_bytes = std::max(most.listed_bytes, load.listed_bytes);
        most.watched_bytes = std::max(most.watched_bytes, load.watched_bytes);
    }
    const auto span = static_cast<double>(phase.until - phase.from);
    const auto both = [](double mean, double busiest) {
        return nlohmann::json{{"mean", std::round(mean * 10) / 10}, {"busiest", busiest}};
    };
    return {{"writes_per_s", both(sum.writes / span, most.writes)},
            {"reads_per_s", both(sum.reads / span, most.reads)},
            {"list_bytes_per_s", both(sum.listed_bytes / span, most.listed_bytes)},
            {"watch_bytes_per_s", both(sum.watched_bytes / span, most.watched_bytes)}};
}

Episode at(Span when, Fault fault, std::uint8_t replica, Span lasts) {
    Episode episode;
    episode.fault = fault;
    episode.one = replica;
    episode.at = when;
    episode.lasts = lasts;
    return episode;
}

int measure(std::uint64_t clusters, std::uint64_t first_seed) {
    constexpr Phase phases[] = {{"forming", 0, 30},
                                {"quiet", 60, 360},
                                {"all_lose_a_claim_at_once", 360, 420},
                                {"all_roll_out_at_once", 480, 600}};
    std::vector<Load> seconds(600);
    std::uint64_t failed = 0;
    for (std::uint64_t cluster = 0; cluster < clusters; ++cluster) {
        Tape tape;
        tape.seed = first_seed + cluster;
        tape.replicas = replicas;
        tape.version = simulated_versions().back();
        tape.quick = false;
        tape.faults_end = quorate::seconds(600);
        const auto replica = static_cast<std::uint8_t>(cluster % replicas);
        tape.episodes = {at(quorate::seconds(360), Fault::delete_claim, replica, Span{}),
                         at(quorate::seconds(361), Fault::delete_pod, replica, Span{}),
                         at(quorate::seconds(480), Fault::rollout, 0, quorate::seconds(110))};
        Meter meter(seconds);
        LifeOptions options;
        options.onlooker = &meter;
        if (!run_tape(tape, options).good()) ++failed;
    }
    for (Load& load : seconds)
        load.reads += static_cast<double>(clusters * replicas) * statefulset_looks_per_s;
    nlohmann::json json = {{"clusters", clusters},
                           {"replicas", replicas},
                           {"open_watches", clusters * replicas},
                           {"failed", failed}};
    for (const Phase& phase : phases)
        json[phase.name] = told(seconds, phase);
    std::puts(json.dump(2).c_str());
    return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace quorate::sim

int main(int argc, char** argv) {
    const auto number = [&](int at, std::uint64_t otherwise) {
        return argc > at ? std::strtoull(argv[at], nullptr, 10) : otherwise;
    };
    return quorate::sim::measure(number(1, 1'000), number(2, 1));
}
