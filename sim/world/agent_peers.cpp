// The simulated agent's exchange with the others: the same reports as adapters/host/peers.cpp, told
// at the same times, over the network that their etcds use. A letter takes time, may be cut off,
// and is lost with the life of the agent it was for.
#include <algorithm>

#include "core/facts/doubts.hpp"
#include "core/facts/growth.hpp"
#include "core/facts/memory.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

constexpr Span asking_period = milliseconds(200);

}  // namespace

void Agent::begin_peers() {
    runs_since_ = world_.kernel.now;
    boot_ = world_.kernel.streams.draw(self_, Purpose::peer_delay);
    sequence_ = 0;
    own_ = {};
    found_identities_.reset();
    memory_.fill({});
    lineage_ = {};
    for (Peer& peer : peers_)
        peer = Peer{};
    for (Letter& letter : letters_)
        letter.free = true;
    for (const auto& [ordinal, fact] : state().facts.peers) {
        if (!fact.report.lineage.value.empty()) lineage_ = fact.report.lineage;
        remember(memory_[ordinal.value], fact.report.self);
    }
    tick_peers();
}

void Agent::tick_peers() {
    exchange();
    Happening next;
    next.kind = Kind::peers;
    next.target = self_;
    next.guard = life_;
    const bool asking =
        std::any_of(peers_.begin(), peers_.end(), [](const Peer& peer) { return peer.asked; });
    const Span period = world_.config.policy.probe_period;
    world_.kernel.schedule(asking ? std::min(period, asking_period) : period, next);
}

void Agent::exchange() {
    if (world_.config.policy.peers_wait == Span{}) return;
    const Facts& facts = state().facts;
    if (facts.record && is_founded(*facts.record) && facts.record->lineage != lineage_) {
        lineage_ = facts.record->lineage;
        own_ = {};
        memory_.fill({});
    }
    if (!knows_what_to_tell(facts, lineage_)) return;
    remember(own_, own_report(facts, world_.cluster.status(self_)));
    found_identities_ = without_growth(own_finding(state(), now()));
    for (const Ordinal ordinal : state().probed) {
        const auto o = static_cast<std::uint8_t>(ordinal.value);
        if (o == self_) continue;
        const Peer& peer = peers_[o];
        const bool beat = world_.kernel.now >= peer.told_at + world_.config.policy.heartbeat_period;
        const bool news = peer.told != own_ || peer.told_content != found_identities_;
        const bool due = news || beat || peer.told_at == Instant{};
        // Who knows of no cluster tells nothing unasked.
        if (peer.asked || (due && !lineage_.value.empty())) tell(o, false);
    }
}

// Into what a letter before it left: whoever tells each second takes no memory.
void Agent::write_report(PeerReport& report) {
    report.lineage = lineage_;
    report.boot = boot_;
    report.sequence = ++sequence_;
    report.self = own_;
    report.founded = founded_cluster(state().facts, lineage_);
    report.content = own_finding(state(), now());
    report.others.clear();
    for (std::uint8_t o = 0; o < Cluster::size; ++o)
        if (memory_[o].member_id.value != 0) report.others[Ordinal{o}] = memory_[o];
}

void Agent::tell(std::uint8_t peer, bool answered) {
    Agent& other = *world_.agents[peer];
    if (!other.alive_ || !world_.network.linked(self_, peer)) return;
    peers_[peer].told = own_;
    peers_[peer].told_content = found_identities_;
    peers_[peer].told_at = world_.kernel.now;
    Letter& letter = other.post_letter();
    write_report(letter.report);
    letter.from = self_;
    letter.answered = answered;
}

// One that is on its way to this agent, for its sender to write.
Agent::Letter& Agent::post_letter() {
    std::uint32_t slot = 0;
    while (slot < letters_.size() && !letters_[slot].free)
        ++slot;
    if (slot == letters_.size()) letters_.emplace_back();
    letters_[slot].free = false;
    Happening next;
    next.kind = Kind::peer_letter;
    next.target = self_;
    next.guard = life_;
    next.payload = slot;
    world_.kernel.schedule(world_.kernel.streams.between(self_, Purpose::peer_delay,
                                                         milliseconds(1), milliseconds(15)),
                           next);
    return letters_[slot];
}

void Agent::read_letter(std::uint32_t slot) {
    Letter& letter = letters_[slot];
    letter.free = true;  // nobody writes to this agent while it reads
    if (!world_.network.linked(self_, letter.from)) return;
    if (!knows_what_to_tell(state().facts, lineage_)) return;
    heard_.founded = founded_cluster(state().facts, lineage_);
    if (of_other_clusters(heard_, letter.report)) return;
    // Who tells something is answered with what was known before it.
    if (!letter.answered) tell(letter.from, true);
    hear(letter.from, letter.report);
}

void Agent::hear(std::uint8_t from, const PeerReport& report) {
    if (report.lineage == lineage_) remember(memory_[from], report.self);
    Peer& peer = peers_[from];
    const Instant now = world_.kernel.now;
    heard_ = report;
    heard_ = without_growth(std::move(heard_));
    const bool changed = !peer.posted || peer.posted_identities != heard_;
    const bool grown =
        peer.posted && (peer.posted->self != report.self || peer.posted->others != report.others ||
                        peer.posted->content != report.content);
    const bool due = grown && now >= peer.posted_at + world_.config.policy.heartbeat_period;
    if (!std::exchange(peer.asked, false) && !changed && !due) return;
    peer.posted = report;
    peer.posted_identities = heard_;
    peer.posted_at = now;
    post(PeerReported{Ordinal{from}, report});
}

}  // namespace quorate::sim
