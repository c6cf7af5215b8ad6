#include "sim/oracles/identities.hpp"

#include "core/explain.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {

// What a leader has applied is what the cluster believes.
void Identities::listed(std::uint8_t o) {
    const Process& p = world_.cluster.process(o);
    if (p.role != Role::leader) return;
    ++findings_.counts.lists;
    for (std::size_t i = 0; i < p.conf.size(); ++i) {
        const View& one = p.conf[i];
        if (one.started && one.name != one.ordinal)
            findings_.report("S10", hex(one.id) + " with the peer URL of " + name(one.ordinal) +
                                        " has the name of " + name(one.name));
        for (std::size_t j = 0; j < i; ++j) {
            const View& other = p.conf[j];
            if (one.id == other.id) findings_.report("S10", hex(one.id) + " is listed twice");
            if (one.ordinal == other.ordinal)
                findings_.report("S10", hex(one.id) + " and " + hex(other.id) +
                                            " have the peer URL of " + name(one.ordinal));
            if (one.started && other.started && one.name == other.name)
                findings_.report("S10", hex(one.id) + " and " + hex(other.id) +
                                            " have the name of " + name(one.name));
        }
    }
}

// A start may be repeated by one that does not know of it.
void Identities::spawning(std::uint8_t o) {
    ++findings_.counts.processes;
    const bool known = world_.agents[o]->state().facts.etcd_running;
    if (known && world_.cluster.process(o).life != Life::down)
        findings_.report("S10", name(o) + " starts a second etcd on its directory");
}

void Identities::starting(std::uint8_t o, const EtcdData& data) {
    const auto& identity = world_.volumes[o].identity;
    if (identity && identity->ordinal != Ordinal{o})
        findings_.report("S10", name(o) + " starts etcd on the volume of replica " +
                                    std::to_string(identity->ordinal.value));
    for (std::uint8_t other = 0; other < Network::size; ++other) {
        const EtcdData* theirs = world_.cluster.data(other);
        if (other == o || theirs == nullptr || theirs->id != data.id) continue;
        if (theirs->cluster == data.cluster && world_.cluster.process(other).life != Life::down)
            findings_.report("S10",
                             hex(data.id) + " runs at " + name(other) + " and at " + name(o));
    }
}

void Identities::recorded(const ClusterRecord& record) {
    ++findings_.counts.entries;
    for (auto one = record.replicas.begin(); one != record.replicas.end(); ++one)
        for (auto other = record.replicas.begin(); other != one; ++other) {
            const bool same_id = one->second.member_id == other->second.member_id &&
                                 one->second.member_id.value != 0;
            const bool same_nonce =
                one->second.nonce == other->second.nonce && one->second.nonce.value != 0;
            if (same_id || same_nonce)
                findings_.report("S10", "the record gives one " +
                                            std::string(same_id ? "member id" : "nonce") +
                                            " to replicas " + std::to_string(other->first.value) +
                                            " and " + std::to_string(one->first.value));
        }
}

}  // namespace quorate::sim
