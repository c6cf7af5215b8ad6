// Two forms of a cluster of etcd for the same rules: real processes on loopback, and the
// simulator's model of them, of the same version. Members are named by their ordinal; the founders
// come first. A call blocks until it ended or its deadline passed; in the model time is virtual.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <optional>

#include "core/model/child.hpp"
#include "sim/world/cluster.hpp"
#include "tests/contract/etcd/cluster.hpp"

namespace quorate::etcd::test {

class Real {
  public:
    explicit Real(int size) : cluster_({.size = size, .wire = Wire::plain, .arguments = {}}) {}

    Version version() { return status(0).version; }
    bool eventually(const std::function<bool()>& condition) { return test::eventually(condition); }

    // A place for one more member, which is neither added nor started yet.
    std::uint8_t newcomer();
    void start(std::uint8_t o) { cluster_.restart(o); }
    void found_again(std::uint8_t o) { cluster_.restart(o, "new"); }
    void kill(std::uint8_t o) { cluster_.at(o).kill(); }
    void stop(std::uint8_t o) { cluster_.at(o).stop(); }
    void go_on(std::uint8_t o) { cluster_.at(o).go_on(); }
    // Why it ended by itself; nullopt while it runs.
    std::optional<ExitClass> ended(std::uint8_t o);

    // The data of one that does not run.
    void wipe(std::uint8_t o) { std::filesystem::remove_all(data(o)); }
    void save(std::uint8_t o);
    void roll_back(std::uint8_t o);

    Answer<Done> add_learner(std::uint8_t via, std::uint8_t o, Span deadline);
    Answer<Done> promote(std::uint8_t via, MemberId id, Span deadline);
    Answer<Done> remove(std::uint8_t via, MemberId id, Span deadline);
    Answer<Done> move_leader(std::uint8_t via, MemberId to, Span deadline);
    Answer<Done> put(std::uint8_t via, Span deadline);
    std::optional<MemberList> members(std::uint8_t via, Freshness freshness, Span deadline);
    MemberStatus status(std::uint8_t o, Span deadline = patience);
    std::optional<ContentHash> hash(std::uint8_t o, Revision at);
    std::string peer_url(std::uint8_t o) { return cluster_.at(o).endpoint().peer_url; }

  private:
    std::filesystem::path data(std::uint8_t o) { return cluster_.dir() / cluster_.at(o).name(); }

    Cluster cluster_;
};

class Simulated final : private sim::EtcdWatcher {
  public:
    explicit Simulated(int size);

    Version version() const { return version_; }
    bool eventually(const std::function<bool()>& condition);

    std::uint8_t newcomer() { return size_++; }
    void start(std::uint8_t o) { start(o, false); }
    void found_again(std::uint8_t o) { start(o, true); }
    void kill(std::uint8_t o) { cluster_.end(o, ExitClass::killed); }
    void stop(std::uint8_t o) { cluster_.freeze(o, true); }
    void go_on(std::uint8_t o) { cluster_.freeze(o, false); }
    std::optional<ExitClass> ended(std::uint8_t o) { return ended_[o]; }

    void wipe(std::uint8_t o) { volumes_[o].data.reset(); }
    void save(std::uint8_t o) { saved_ = volumes_[o]; }
    void roll_back(std::uint8_t o) { volumes_[o] = saved_; }

    Answer<Done> add_learner(std::uint8_t via, std::uint8_t o, Span deadline);
    Answer<Done> promote(std::uint8_t via, MemberId id, Span deadline);
    Answer<Done> remove(std::uint8_t via, MemberId id, Span deadline);
    Answer<Done> move_leader(std::uint8_t via, MemberId to, Span deadline);
    Answer<Done> put(std::uint8_t via, Span deadline);
    std::optional<MemberList> members(std::uint8_t via, Freshness freshness, Span deadline);
    MemberStatus status(std::uint8_t o, Span deadline = patience) const;
    std::optional<ContentHash> hash(std::uint8_t o, Revision at) const;
    std::string peer_url(std::uint8_t o) const { return sim::Cluster::peer_url(o); }
    sim::Volume& volume(std::uint8_t o) { return volumes_[o]; }

  private:
    using Ask = std::function<std::optional<Refused>(std::uint64_t uid)>;
    Answer<Done> request(std::uint8_t via, Span deadline, const Ask& ask);
    void start(std::uint8_t o, bool founding);
    void pass(Span span);

    // EtcdWatcher
    void starting(std::uint8_t, const sim::EtcdData&) override {}
    void founding(std::uint8_t, const sim::EtcdData&) override {}
    void exited(std::uint8_t o, ExitClass why) override { ended_[o] = why; }
    void applied(std::uint8_t o, const sim::LogEntry& entry, bool accepted) override;
    void established(std::uint8_t) override {}
    void removal_asked(std::uint8_t, MemberId) override {}
    void promotion_asked(std::uint8_t, MemberId) override {}

    Version version_;
    std::uint8_t size_;
    sim::Kernel kernel_{1};
    sim::Network network_;
    std::array<sim::Volume, sim::Network::size> volumes_;
    sim::Cluster cluster_;
    sim::Volume saved_;
    std::array<std::optional<ExitClass>, sim::Network::size> ended_;
    std::uint64_t last_uid_ = 0;
    std::uint8_t asked_ = 0;
    std::optional<bool> accepted_;
};

}  // namespace quorate::etcd::test
