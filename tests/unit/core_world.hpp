// A small world for tests of the pure core: three replicas, a formed cluster, and the states they
// give. Every builder returns a value that is whole; a test changes the one thing it is about.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/model/observation.hpp"
#include "core/model/state.hpp"

namespace quorate::test {

inline constexpr Instant now{1'000'000'000};

inline MemberId member_id(std::uint32_t ordinal) { return MemberId{100 + ordinal}; }
inline std::string peer_url(std::uint32_t ordinal) {
    return "https://quorate-" + std::to_string(ordinal) + ":2380";
}

inline Settings settings(std::uint32_t self = 0, std::uint32_t replicas = 5) {
    Settings settings;
    settings.self = Ordinal{self};
    for (std::uint32_t i = 0; i < replicas; ++i)
        settings.addresses.push_back({"quorate-" + std::to_string(i), peer_url(i),
                                      "https://quorate-" + std::to_string(i) + ":2379"});
    settings.etcd_version = Version{3, 6, 11};
    return settings;
}

inline ReplicaEntry entry(std::uint32_t ordinal) {
    ReplicaEntry entry;
    entry.member_id = member_id(ordinal);
    entry.nonce = Nonce{70 + ordinal};
    entry.high_water = {Term{3}, LogIndex{500}};
    entry.claim = VolumeClaim::holding;
    entry.etcd_version = Version{3, 6, 11};
    return entry;
}

inline ClusterRecord record(std::uint32_t replicas = 3) {
    ClusterRecord record;
    record.revision = RecordRevision{40};
    record.lineage = Lineage{"0c6e"};
    record.epoch = Epoch{2};
    record.stage = RecordStage::formed;
    record.token = "0c6e-2";
    record.cluster_id = ClusterId{9};
    for (std::uint32_t i = 0; i < replicas; ++i) {
        record.founders.push_back(Ordinal{i});
        record.replicas[Ordinal{i}] = entry(i);
    }
    return record;
}

// The volume of a replica of `record()` that was stopped cleanly.
inline DiskReport disk(std::uint32_t ordinal = 0) {
    DiskReport disk;
    disk.shape = DiskShape::whole;
    disk.identity = VolumeIdentity{
        Lineage{"0c6e"}, Epoch{2}, Ordinal{ordinal}, Nonce{70 + ordinal}, true, {}, {}};
    disk.member_id = member_id(ordinal);
    disk.cluster_id = ClusterId{9};
    disk.last = {Term{3}, LogIndex{600}};
    disk.first_index = LogIndex{1};
    return disk;
}

inline MemberStatus serving_status(std::uint32_t ordinal, std::uint32_t leader = 0) {
    MemberStatus status;
    status.answers = true;
    status.serves = true;
    status.member_id = member_id(ordinal);
    status.cluster_id = ClusterId{9};
    status.leader = member_id(leader);
    status.term = Term{3};
    status.index = LogIndex{500};
    status.applied = LogIndex{500};
    status.revision = Revision{490};
    status.version = Version{3, 6, 11};
    return status;
}

inline MemberStatus learner_status(std::uint32_t ordinal) {
    MemberStatus status = serving_status(ordinal);
    status.serves = false;
    status.learner = true;
    return status;
}

inline ListedMember listed(std::uint32_t ordinal, bool learner = false) {
    return {member_id(ordinal), "quorate-" + std::to_string(ordinal), {peer_url(ordinal)}, learner};
}

inline MemberList list_of(std::uint32_t voters) {
    MemberList list{Freshness::linearizable, ClusterId{9}, {}};
    for (std::uint32_t i = 0; i < voters; ++i)
        list.members.push_back(listed(i));
    return list;
}

inline void probe(State& state, std::uint32_t ordinal, MemberStatus status) {
    ProbeFact& fact = state.facts.probes[Ordinal{ordinal}];
    fact.status = status;
    fact.at = fact.healthy_since = fact.quiet_since = state.now;
}

// The agent of replica `self`: everything serves, the list is evidence, authority is held.
inline State state(std::uint32_t self = 0, std::uint32_t replicas = 3) {
    State state;
    state.seq = EventSeq{10};
    state.now = now;
    Facts& facts = state.facts;
    facts.settings = settings(self);
    facts.started_at = now - minutes(10);
    facts.hashes_at = now;
    facts.entropy = 77;
    facts.fresh_lineage = Lineage{"fresh"};
    facts.desired = Desired{replicas, PodManagement::parallel};
    facts.record_known = true;
    facts.record = record(replicas);
    facts.examined_at = now - minutes(9);
    facts.etcd_running = true;
    facts.etcd_pid = 4711;
    facts.stamped = Nonce{70 + self};
    facts.list = list_of(replicas);
    facts.list_current = true;
    facts.list_at = now;
    for (std::uint32_t i = 0; i < replicas; ++i) {
        probe(state, i, serving_status(i));
        state.members[member_id(i)] = {MemberPhase::voting, Ordinal{i}, now - minutes(5)};
    }
    state.replica.phase = ReplicaPhase::serving;
    state.replica.told_at = now;
    state.volume.phase = VolumePhase::claimed;
    state.volume.nonce = Nonce{70 + self};
    state.volume.nonces = 1;
    state.process.phase = ProcessPhase::serving;
    state.authority.phase = AuthorityPhase::holding;
    state.authority.fence = Fence{6};
    state.cluster.phase = ClusterPhase::steady;
    state.last_command = CommandId{20};
    return state;
}

template <class One, class Signal>
bool is(const std::optional<Signal>& signal) {
    return signal && std::holds_alternative<One>(*signal);
}

}  // namespace quorate::test
