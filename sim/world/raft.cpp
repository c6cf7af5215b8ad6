// Raft as etcd runs it: check-quorum with a leader's lease on votes, heartbeats that carry the
// follower's own match as commit (which is how a shortened log is found out), one configuration
// change at a time, effective when applied [raft v3.5.17 raft.go].
#include <algorithm>

#include "sim/world/cluster.hpp"

namespace quorate::sim {
namespace {

constexpr std::uint32_t election_ticks = 10;
constexpr Span tick_period = milliseconds(100);
constexpr Span request_limit = seconds(7);  // etcd's ReqTimeout
constexpr std::size_t entries_per_message = 512;

std::size_t majority(std::size_t voters) { return voters / 2 + 1; }

}  // namespace

const View* Cluster::find(const Process& process, MemberId id) {
    for (const View& view : process.conf)
        if (view.id == id) return &view;
    return nullptr;
}

std::size_t Cluster::voters(const Process& process) {
    return static_cast<std::size_t>(std::count_if(process.conf.begin(), process.conf.end(),
                                                  [](const View& view) { return !view.learner; }));
}

void Cluster::reset_timeout(std::uint8_t o) {
    at(o).elapsed = 0;
    at(o).timeout = election_ticks + static_cast<std::uint32_t>(kernel_.streams.below(
                                         o, Purpose::raft_timeout, election_ticks));
}

void Cluster::become_follower(std::uint8_t o, std::uint64_t term, MemberId leader) {
    Process& p = at(o);
    EtcdData& d = disk(o);
    if (p.role == Role::leader || p.leader != leader) ++topology_;
    if (term > d.term) {
        d.term = term;
        d.vote = MemberId{};
    }
    p.role = Role::follower;
    p.established = false;
    p.leader = leader;
    reset_timeout(o);
}

void Cluster::become_leader(std::uint8_t o) {
    Process& p = at(o);
    ++topology_;
    p.role = Role::leader;
    p.leader = disk(o).id;
    p.established = false;
    p.elapsed = 0;
    p.pending_conf = 0;
    for (std::uint64_t i = disk(o).commit; i < disk(o).last_index(); ++i)
        if (is_conf(disk(o).log[i].kind)) p.pending_conf = i + 1;
    p.progress.clear();
    for (const View& view : p.conf)
        p.progress.push_back({view.id, 0, disk(o).last_index() + 1, kernel_.now});
    lead_append(o, LogEntry{});
}

void Cluster::campaign(std::uint8_t o, bool forced) {
    Process& p = at(o);
    EtcdData& d = disk(o);
    const View* self = find(p, d.id);
    if (self == nullptr || self->learner) return;
    ++topology_;
    ++d.term;
    d.vote = d.id;
    p.role = Role::candidate;
    p.leader = MemberId{};
    p.votes = {d.id};
    reset_timeout(o);
    if (voters(p) == 1) return become_leader(o);
    for (const View& view : p.conf) {
        if (view.learner || view.id == d.id) continue;
        Message m;
        m.say = Say::vote;
        m.forced = forced;
        m.index = d.last_index();
        m.log_term = d.last_term();
        send(o, view.id, std::move(m));
    }
}

void Cluster::tick(std::uint8_t o) {
    settle_beats();
    Process& p = at(o);
    if (p.frozen) return;
    const Surroundings& around = surroundings_[o];
    if (around.lives_at_most.us > 0 && kernel_.now - p.up_since >= around.lives_at_most) {
        watcher_.suffered(around.ends_as == ExitClass::killed ? Fault::out_of_memory
                                                              : Fault::crash_loop);
        return end(o, around.ends_as);
    }
    if (p.busy && p.busy_until <= kernel_.now) stop_defragmenting(o);
    if (around.applies != 0 && !p.busy) apply_entries(o, around.applies);
    if (!p.up()) return;
    ++p.elapsed;
    if (p.role != Role::leader) {
        if (p.elapsed >= p.timeout) campaign(o, false);
        return;
    }
    if (p.elapsed >= election_ticks) {  // check-quorum
        p.elapsed = 0;
        std::size_t heard = 0;
        for (const Progress& progress : p.progress) {
            const View* view = find(p, progress.id);
            if (view == nullptr || view->learner) continue;
            if (view->id == disk(o).id ||
                progress.heard + tick_period * election_ticks > kernel_.now)
                ++heard;
        }
        if (heard < majority(voters(p))) return become_follower(o, disk(o).term, MemberId{});
    }
    agree_on_version(o);
    check_content(o);
    for (const Progress& progress : p.progress) {
        if (progress.id != disk(o).id) beat(o, progress);
    }
}

void Cluster::send(std::uint8_t from, MemberId to, Message message) {
    const Process& p = at(from);
    const View* view = find(p, to);
    if (view == nullptr) return;
    message.from = from;
    message.to = address_of(from, *view);
    message.from_id = disk(from).id;
    message.to_id = to;
    message.cluster = disk(from).cluster;
    if (message.term == 0) message.term = disk(from).term;
    if (!network_.hears(from, message.to)) return;
    if (message.entries.size() > Network::small && network_.swallows(from, message.to))
        return watcher_.suffered(Fault::blackhole);
    const Network::Weather& weather = network_.weather;
    if (weather.lost > 0 && kernel_.streams.chance(from, Purpose::weather, weather.lost)) return;
    if (weather.twice > 0 && kernel_.streams.chance(from, Purpose::weather, weather.twice))
        post(from, message);
    post(from, std::move(message));
}

Span Cluster::usual_delay(std::uint8_t from) {
    return kernel_.streams.between(from, Purpose::raft_delay, microseconds(200),
                                   microseconds(3'000));
}

void Cluster::post(std::uint8_t from, Message message) {
    Span delay = usual_delay(from);
    const Span later = network_.weather.later;
    if (later.us > 0)
        delay = delay + kernel_.streams.between(from, Purpose::weather, Span{}, later);
    const std::uint32_t entries_a_second = network_.weather.entries_a_second;
    if (entries_a_second > 0 && message.entries.size() > Network::small) {
        watcher_.suffered(Fault::bandwidth);
        delay = delay + Span{static_cast<std::int64_t>(message.entries.size()) * 1'000'000 /
                             entries_a_second};
    }
    // What it says it has synced before.
    if (const Span slow = media_[from].slow; slow.us > 0) {
        watcher_.suffered(Fault::slow_disk);
        delay = delay + kernel_.streams.between(from, Purpose::weather, Span{}, slow);
    }
    deliver(std::move(message), kernel_.book(delay));
}

void Cluster::deliver(Message message, const Turn& when) {
    Happening arrival;
    arrival.kind = Kind::raft_message;
    arrival.target = message.to;
    if (free_.empty()) {
        arrival.payload = static_cast<std::uint32_t>(messages_.size());
        messages_.push_back(std::move(message));
    } else {
        arrival.payload = free_.back();
        free_.pop_back();
        messages_[arrival.payload] = std::move(message);
    }
    kernel_.schedule_booked(when, arrival);
}

void Cluster::receive(Message& m) {
    wake(m.to);
    Process& p = at(m.to);
    if (!p.up() || !network_.hears(m.from, m.to) || !volumes_[m.to].data) return;
    EtcdData& d = disk(m.to);
    if (d.cluster != m.cluster) return;
    // The peer's answer to one that was removed ends it (rafthttp: 410 Gone).
    if (std::find(p.removed.begin(), p.removed.end(), m.from_id) != p.removed.end()) {
        const bool same = at(m.from).up() && volumes_[m.from].data &&
                          disk(m.from).id == m.from_id && network_.hears(m.to, m.from);
        if (same) end(m.from, ExitClass::removed);
        return;
    }
    if (d.id != m.to_id) return;
    if (m.say == Say::propose) {
        if (p.role == Role::leader) lead_append(m.to, m.entries.front());
        return;
    }
    if (m.term > d.term) {
        const bool leased = p.leader.value != 0 && p.elapsed < election_ticks;
        if (m.say == Say::vote && leased && !m.forced) return;
        const bool from_leader = m.say == Say::append || m.say == Say::heartbeat;
        become_follower(m.to, m.term, from_leader ? m.from_id : MemberId{});
    } else if (m.term < d.term) {
        if (m.say != Say::append && m.say != Say::heartbeat) return;
        Message reply;  // a leader that was overtaken hears of it
        reply.say = Say::append_reply;
        reply.reject = true;
        send(m.to, m.from_id, std::move(reply));
        return;
    }
    switch (m.say) {
        case Say::append:
            return on_append(m);
        case Say::append_reply:
            return on_append_reply(m);
        case Say::heartbeat:
            return on_heartbeat(m);
        case Say::heartbeat_reply:
            return on_heartbeat_reply(m);
        case Say::vote:
            return on_vote(m);
        case Say::vote_reply:
            return on_vote_reply(m);
        case Say::timeout_now:
            return campaign(m.to, true);
        case Say::propose:
            return;
    }
}

void Cluster::on_vote(const Message& m) {
    Process& p = at(m.to);
    EtcdData& d = disk(m.to);
    const bool free = d.vote == m.from_id || (d.vote.value == 0 && p.leader.value == 0);
    const bool newer =
        m.log_term != d.last_term() ? m.log_term > d.last_term() : m.index >= d.last_index();
    Message reply;
    reply.say = Say::vote_reply;
    reply.reject = !(free && newer);
    if (!reply.reject) {
        d.vote = m.from_id;
        p.elapsed = 0;
    }
    // A voter that fell behind does not know the candidate yet: it answers whoever asked, at the
    // URL that came with the question [etcd facts: X-PeerURLs; rafthttp/http.go AddRemote].
    const bool stranger = find(p, m.from_id) == nullptr;
    if (stranger) p.conf.push_back({m.from_id, m.from, false, true, m.from});
    send(m.to, m.from_id, std::move(reply));
    if (stranger) p.conf.pop_back();
}

void Cluster::on_vote_reply(const Message& m) {
    Process& p = at(m.to);
    if (p.role != Role::candidate || m.reject) return;
    if (std::find(p.votes.begin(), p.votes.end(), m.from_id) == p.votes.end())
        p.votes.push_back(m.from_id);
    if (p.votes.size() >= majority(voters(p))) become_leader(m.to);
}

void Cluster::on_append(const Message& m) {
    Process& p = at(m.to);
    EtcdData& d = disk(m.to);
    if (p.leader != m.from_id) become_follower(m.to, m.term, m.from_id);
    p.elapsed = 0;
    Message reply;
    reply.say = Say::append_reply;
    if (m.index < d.commit) {
        reply.index = d.commit;
    } else if (m.index > d.last_index() || d.term_at(m.index) != m.log_term) {
        reply.reject = true;
        reply.index = m.index > d.last_index() ? d.last_index() : m.index - 1;
    } else {
        if (!m.entries.empty() && !can_write(m.to)) return;
        std::uint64_t index = m.index;
        for (const LogEntry& entry : m.entries) {
            ++index;
            if (index <= d.last_index()) {
                if (d.term_at(index) == entry.term) continue;
                // raft panics: "entry %d conflict with committed entry"
                if (index <= d.commit) return end(m.to, ExitClass::unknown);
                d.log.resize(index - 1);
            }
            d.log.push_back(entry);
        }
        reply.index = m.index + m.entries.size();
        commit_to(m.to, std::min(m.commit, reply.index));
        if (!at(m.to).up()) return;
    }
    // A learner without any configuration yet answers the address that spoke to it.
    const bool stranger = find(at(m.to), m.from_id) == nullptr;
    if (stranger) at(m.to).conf.push_back({m.from_id, m.from, false, true, m.from});
    send(m.to, m.from_id, std::move(reply));
    if (stranger) at(m.to).conf.pop_back();
}

void Cluster::on_append_reply(const Message& m) {
    Process& p = at(m.to);
    if (p.role != Role::leader) return;
    for (Progress& progress : p.progress) {
        if (progress.id != m.from_id) continue;
        progress.heard = kernel_.now;
        if (m.reject) {
            // What was acknowledged once is not asked about again [MaybeDecrTo]: one that lost it
            // hangs, or panics at the next heartbeat.
            if (progress.match > 0 && m.index <= progress.match) return;
            progress.next = std::max<std::uint64_t>(1, std::min(progress.next - 1, m.index + 1));
            return send_append(m.to, progress);
        }
        if (m.index > progress.match) {
            progress.match = m.index;
            progress.next = std::max(progress.next, m.index + 1);
            if (progress.match < disk(m.to).last_index() &&
                progress.next <= disk(m.to).last_index())
                send_append(m.to, progress);
            advance_commit(m.to);
        }
        return;
    }
}

void Cluster::on_heartbeat(const Message& m) {
    Process& p = at(m.to);
    if (p.leader != m.from_id) become_follower(m.to, m.term, m.from_id);
    p.elapsed = 0;
    // raft panics: "tocommit(%d) is out of range [lastIndex(%d)]. Was the raft log ... lost?"
    if (m.commit > disk(m.to).last_index()) return end(m.to, ExitClass::log_lost);
    commit_to(m.to, m.commit);
    if (!at(m.to).up()) return;
    Message reply;
    reply.say = Say::heartbeat_reply;
    const bool stranger = find(at(m.to), m.from_id) == nullptr;
    if (stranger) at(m.to).conf.push_back({m.from_id, m.from, false, true, m.from});
    send(m.to, m.from_id, std::move(reply));
    if (stranger) at(m.to).conf.pop_back();
    if (p.applied > 0 && find(p, disk(m.to).id) != nullptr) publish(m.to);
}

// A member tells its name once it hears a leader, each time it starts, and again until it is done
// [publishV3].
void Cluster::publish(std::uint8_t o) {
    Process& p = at(o);
    const bool waits = p.published_at != Instant{} && p.published_at + request_limit > kernel_.now;
    if (p.ready || waits) return;
    p.published_at = kernel_.now;
    propose(o, LogEntry{0, 0, disk(o).id.value, EntryKind::publish, o});
}

void Cluster::on_heartbeat_reply(const Message& m) {
    Process& p = at(m.to);
    if (p.role != Role::leader) return;
    for (Progress& progress : p.progress) {
        if (progress.id != m.from_id) continue;
        progress.heard = kernel_.now;
        if (progress.match >= disk(m.to).last_index()) return;
        progress.next = std::max<std::uint64_t>(progress.match + 1, 1);
        if (progress.match == 0) progress.next = disk(m.to).last_index() + 1;
        return send_append(m.to, progress);
    }
}

void Cluster::send_append(std::uint8_t o, Progress& to) {
    const EtcdData& d = disk(o);
    Message m;
    m.say = Say::append;
    m.index = to.next - 1;
    m.log_term = d.term_at(m.index);
    m.commit = d.commit;
    // A leader without what its follower has committed can only send what it does not have: to 3.5
    // nothing, under term 0; from 3.6 a snapshot, and without one it panics, "need non-empty
    // snapshot" [raft v3.6 log.go term, ErrUnavailable; raft.go maybeSendSnapshot].
    if (m.index > d.last_index()) {
        if (at(o).version >= Version{3, 6, 0} && d.snapshot == 0)
            return exit_after(o, Span{}, ExitClass::unknown);
        return send(o, to.id, std::move(m));
    }
    const std::uint64_t end =
        std::min<std::uint64_t>(d.last_index(), m.index + entries_per_message);
    m.entries.assign(d.log.begin() + static_cast<std::ptrdiff_t>(m.index),
                     d.log.begin() + static_cast<std::ptrdiff_t>(end));
    to.next = end + 1;
    send(o, to.id, std::move(m));
}

void Cluster::propose(std::uint8_t o, LogEntry entry) {
    wake();
    Process& p = at(o);
    if (p.role == Role::leader) return lead_append(o, entry);
    if (p.leader.value == 0) return;
    Message m;
    m.say = Say::propose;
    m.entries.push_back(entry);
    send(o, p.leader, std::move(m));
}

void Cluster::lead_append(std::uint8_t o, LogEntry entry) {
    if (!can_write(o)) return;
    Process& p = at(o);
    EtcdData& d = disk(o);
    entry.term = d.term;
    if (is_conf(entry.kind)) {
        // One at a time; the caller of the second waits until its own deadline [pendingConfIndex].
        if (p.pending_conf > p.applied)
            entry = LogEntry{d.term, 0, 0, EntryKind::nothing, 0};
        else
            p.pending_conf = d.last_index() + 1;
    }
    d.log.push_back(entry);
    for (Progress& progress : p.progress) {
        if (progress.id == d.id)
            progress.match = d.last_index();
        else
            send_append(o, progress);
    }
    advance_commit(o);
}

void Cluster::advance_commit(std::uint8_t o) {
    Process& p = at(o);
    EtcdData& d = disk(o);
    std::vector<std::uint64_t>& matches = matches_;
    matches.clear();
    for (const Progress& progress : p.progress) {
        const View* view = find(p, progress.id);
        if (view != nullptr && !view->learner) matches.push_back(progress.match);
    }
    if (matches.empty()) return;
    std::sort(matches.begin(), matches.end(), std::greater<>());
    const std::uint64_t agreed = matches[majority(matches.size()) - 1];
    if (agreed <= d.commit || d.term_at(agreed) != d.term) return;
    const bool first = !p.established;
    p.established = true;
    d.commit = agreed;
    for (Progress& progress : p.progress)
        if (progress.id != d.id) send_append(o, progress);
    apply(o);
    if (first && at(o).up() && at(o).role == Role::leader) {
        ++topology_;
        watcher_.established(o);
        at(o).published_at = Instant{};  // what it asked another to propose may be lost
        publish(o);
    }
}

void Cluster::commit_to(std::uint8_t o, std::uint64_t index) {
    EtcdData& d = disk(o);
    if (index <= d.commit) return;
    d.commit = std::min(index, d.last_index());
    apply(o);
}

void Cluster::happen(const Happening& what) {
    switch (what.kind) {
        case Kind::raft_tick: {
            Process& p = at(what.target);
            if (p.life != Life::up || p.incarnation != what.guard) return;
            kernel_.schedule(tick_period, what);
            return tick(what.target);
        }
        case Kind::raft_message: {
            Message m = std::move(messages_[what.payload]);
            free_.push_back(what.payload);
            return receive(m);
        }
        case Kind::etcd_boot:
            if (at(what.target).life == Life::booting && at(what.target).incarnation == what.guard)
                boot(what.target);
            return;
        case Kind::etcd_exit:
            if (at(what.target).incarnation == what.guard)
                end(what.target, static_cast<ExitClass>(what.payload));
            return;
        case Kind::agent_run:
        case Kind::probe:
        case Kind::watch:
        case Kind::wake:
        case Kind::renew_lease:
        case Kind::execute:
        case Kind::answer_overdue:
        case Kind::pod_start:
        case Kind::pod_kill:
        case Kind::reconcile:
        case Kind::client_put:
        case Kind::audit:
        case Kind::fault:
        case Kind::peers:
        case Kind::peer_letter:
        case Kind::api_cache:
        case Kind::relist:
        case Kind::news_again:
        case Kind::name_found:
            return;
    }
}

}  // namespace quorate::sim
