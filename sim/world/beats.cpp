// The quiescent leap (simulator.md 5.3). A heartbeat between two members that agree on everything
// tells neither anything new: it and its answer are kept as two turns instead of two events.
// Whatever happens to one of the two first puts what is on its way back on its way, as the message
// that it is and in its turn, so that a life is the same with leaps and without.
#include <algorithm>

#include "sim/world/cluster.hpp"

namespace quorate::sim {

// All that the heartbeat and its answer could change is as they would leave it, and all that could
// change them is away.
bool Cluster::is_calm(std::uint8_t leader, const Progress& progress) {
    const EtcdData& d = disk(leader);
    if (network_.weather != Network::Weather{} || !routes_.empty()) return false;
    if (progress.match < d.last_index()) return false;
    const View* view = find(at(leader), progress.id);
    if (view == nullptr) return false;
    const std::uint8_t o = address_of(leader, *view);
    const Process& follower = at(o);
    if (!follower.up() || !follower.ready || !volumes_[o].data) return false;
    const EtcdData& theirs = disk(o);
    const bool follows = follower.role == Role::follower && follower.leader == d.id &&
                         theirs.id == progress.id && theirs.cluster == d.cluster &&
                         theirs.term == d.term &&
                         theirs.commit >= std::min(progress.match, d.commit);
    if (!follows || !network_.linked(leader, o)) return false;
    const auto suffers = [&](std::uint8_t one) {
        return media_[one].slow.us > 0 || surroundings_[one] != Surroundings{};
    };
    if (suffers(leader) || suffers(o)) return false;
    const View* back = find(follower, d.id);
    const auto& removed = follower.removed;
    return back != nullptr && address_of(o, *back) == leader &&
           std::find(removed.begin(), removed.end(), d.id) == removed.end() &&
           std::find(at(leader).removed.begin(), at(leader).removed.end(), theirs.id) ==
               at(leader).removed.end();
}

void Cluster::beat(std::uint8_t leader, const Progress& progress) {
    const std::uint64_t commit = std::min(progress.match, disk(leader).commit);
    if (!leaps_ || !is_calm(leader, progress)) {
        Message m;
        m.say = Say::heartbeat;
        m.commit = commit;
        return send(leader, progress.id, std::move(m));
    }
    const View* view = find(at(leader), progress.id);
    const std::uint8_t o = address_of(leader, *view);
    beats_.push_back({leader, o, commit, kernel_.book(usual_delay(leader)), std::nullopt});
}

// What has come to pass before whatever happens now. An answer is sent when its heartbeat arrives;
// of two that are sent at once, the one to the earlier heartbeat is sent first.
void Cluster::settle_beats() {
    std::size_t left = 0;
    for (Beat& one : beats_) {
        if (!one.answered && one.arrives < kernel_.turn) {
            at(one.to).elapsed = 0;
            const Instant sent = one.arrives.at;
            one.answered = Turn{sent + usual_delay(one.to), sent, one.arrives.seq};
        }
        if (one.answered && *one.answered < kernel_.turn) {
            for (Progress& progress : at(one.from).progress)
                if (progress.id == disk(one.to).id) progress.heard = one.answered->at;
            continue;
        }
        beats_[left++] = one;
    }
    beats_.resize(left);
}

void Cluster::wake(std::uint8_t o) {
    if (beats_.empty()) return;
    settle_beats();
    const auto touched = [o](const Beat& one) { return one.from == o || one.to == o; };
    for (const Beat& one : beats_) {
        if (!touched(one)) continue;
        const bool arrived = one.answered.has_value();
        const std::uint8_t from = arrived ? one.to : one.from;
        const std::uint8_t to = arrived ? one.from : one.to;
        Message m;
        m.say = arrived ? Say::heartbeat_reply : Say::heartbeat;
        m.from = from;
        m.to = to;
        m.from_id = disk(from).id;
        m.to_id = disk(to).id;
        m.cluster = disk(from).cluster;
        m.term = disk(from).term;
        m.commit = arrived ? 0 : one.commit;
        deliver(std::move(m), arrived ? *one.answered : one.arrives);
    }
    beats_.erase(std::remove_if(beats_.begin(), beats_.end(), touched), beats_.end());
}

void Cluster::wake() {
    for (std::uint8_t o = 0; o < size && !beats_.empty(); ++o)
        wake(o);
}

}  // namespace quorate::sim
