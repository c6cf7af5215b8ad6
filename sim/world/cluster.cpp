#include "sim/world/cluster.hpp"

#include <algorithm>

#include "core/rules/etcd_versions.hpp"

namespace quorate::sim {
namespace {

constexpr Span health_interval = seconds(5);  // etcd's HealthInterval

std::size_t quorum_of(std::size_t voters) { return voters / 2 + 1; }

MemberId member_id(const std::string& token, std::uint8_t ordinal) {
    return MemberId{mix(mix_text(1, token), ordinal) | 1};
}

Refused refused(Refusal why, const char* text) { return {why, text}; }

std::vector<std::uint8_t> ordinals_in(const std::string& initial_cluster) {
    std::vector<std::uint8_t> ordinals;
    std::size_t begin = 0;
    while (begin < initial_cluster.size()) {
        const std::size_t end = std::min(initial_cluster.find(',', begin), initial_cluster.size());
        const std::size_t equals = initial_cluster.find('=', begin);
        if (equals < end)
            if (auto o = Cluster::ordinal_of(initial_cluster.substr(equals + 1, end - equals - 1)))
                ordinals.push_back(*o);
        begin = end + 1;
    }
    std::sort(ordinals.begin(), ordinals.end());
    return ordinals;
}

}  // namespace

Cluster::Cluster(Kernel& kernel, Network& network, std::array<Volume, Network::size>& volumes,
                 EtcdWatcher& watcher, Version version)
    : Footing(kernel, network, volumes, watcher) {
    binaries_.fill(version);
}

std::string Cluster::peer_url(std::uint8_t ordinal) {
    return "http://replica-" + std::to_string(int{ordinal}) + ":2380";
}

std::optional<std::uint8_t> Cluster::ordinal_of(const std::string& url) {
    for (std::uint8_t o = 0; o < size; ++o)
        if (url == peer_url(o)) return o;
    return std::nullopt;
}

void Cluster::start(std::uint8_t o, const StartEtcd& how, const EtcdFlags& flags, Version version) {
    wake();
    Process& p = at(o);
    const std::uint64_t incarnation = p.incarnation + 1;
    p = Process{};
    p.incarnation = incarnation;
    p.life = Life::booting;
    p.version = version;
    p.start = how;
    p.flags = flags;
    Happening boot;
    boot.kind = Kind::etcd_boot;
    boot.target = o;
    boot.guard = incarnation;
    const Span usual =
        kernel_.streams.between(o, Purpose::boot, milliseconds(150), milliseconds(600));
    kernel_.schedule(usual + slow_[o], boot);
}

void Cluster::boot(std::uint8_t o) {
    wake();
    if (const auto why = cannot_begin(o)) return end(o, *why);
    EtcdData left;  // a database without its log
    const Damage damage = volumes_[o].data ? disk(o).damage : Damage::none;
    if (damage == Damage::wal_lost || damage == Damage::restore_killed) {
        left = std::move(disk(o));
        volumes_[o].data.reset();
    }
    if (volumes_[o].data) {
        watcher_.starting(o, disk(o));
        if (const auto why = cannot_open(o)) return end(o, *why);
        return may_run(o) ? come_up(o) : end(o, ExitClass::older_binary);
    }
    const bool made = at(o).start.founding ? found(o) : join(o);
    if (!made) return;
    disk(o).kept = std::move(left.kept);
    disk(o).kept_index = left.kept_index;
    disk(o).changed = left.changed;
    come_up(o);
}

// No WAL, state new: asks the peers first; one of them that knows this id ends it (etcd facts 5).
bool Cluster::found(std::uint8_t o) {
    const StartEtcd& how = at(o).start;
    const MemberId self = member_id(how.token, o);
    const std::vector<std::uint8_t> founders = ordinals_in(how.initial_cluster);
    for (const std::uint8_t peer : founders) {
        if (peer == o || !at(peer).up() || !network_.linked(o, peer)) continue;
        const View* known = find(at(peer), self);
        if (known != nullptr && known->started) {
            end(o, ExitClass::already_bootstrapped);
            return false;
        }
    }
    EtcdData d;
    d.id = self;
    std::vector<std::pair<MemberId, std::uint8_t>> ids;
    for (const std::uint8_t founder : founders)
        ids.emplace_back(member_id(how.token, founder), founder);
    std::sort(ids.begin(), ids.end());
    std::uint64_t cluster = 2;
    for (const auto& [id, founder] : ids) {
        cluster = mix(cluster, id.value);
        d.log.push_back({1, 0, id.value, EntryKind::add_voter, founder});
    }
    d.cluster = ClusterId{cluster};
    d.term = 1;
    d.commit = d.log.size();
    volumes_[o].data = std::move(d);
    watcher_.founding(o, disk(o));
    watcher_.starting(o, disk(o));
    return true;
}

// No WAL, state existing: the first peer's answer names the members; they must be as told.
bool Cluster::join(std::uint8_t o) {
    const std::vector<std::uint8_t> told = ordinals_in(at(o).start.initial_cluster);
    for (const std::uint8_t peer : told) {
        if (peer == o || !at(peer).up() || !network_.linked(o, peer) || !volumes_[peer].data)
            continue;
        const std::vector<View>& conf = at(peer).conf;
        if (conf.empty()) continue;
        // Told to serve, it had applied what was committed when it was asked: a probe is told here
        // at once, and the answer for which it waits is still to come.
        if (at(peer).applied < at(peer).read_up_to) continue;
        std::vector<std::uint8_t> listed;
        MemberId self;
        for (const View& view : conf) {
            listed.push_back(view.ordinal);
            if (view.ordinal == o) self = view.id;
        }
        std::sort(listed.begin(), listed.end());
        // isCompatibleWithCluster: not with one that agreed on a newer release.
        const bool too_old = minor_of(at(o).version) < disk(peer).cluster_version;
        if (listed != told || self.value == 0 || too_old) {
            end(o, ExitClass::not_admitted);
            return false;
        }
        EtcdData d;
        d.id = self;
        d.cluster = disk(peer).cluster;
        d.revision_base = disk(peer).revision_base;
        volumes_[o].data = std::move(d);
        watcher_.starting(o, disk(o));
        return true;
    }
    exit_after(o, seconds(10), ExitClass::peers_unreachable);
    return false;
}

void Cluster::come_up(std::uint8_t o) {
    Process& p = at(o);
    ++topology_;
    p.life = Life::up;
    p.up_since = kernel_.now;
    reset_timeout(o);
    for (const std::uint64_t write : disk(o).kept)
        take_write(o, write);
    Happening first;
    first.kind = Kind::raft_tick;
    first.target = o;
    first.guard = p.incarnation;
    kernel_.schedule(
        Span{static_cast<std::int64_t>(kernel_.streams.below(o, Purpose::boot, 100'000))}, first);
    apply_entries(o, UINT64_MAX);
    if (at(o).up() && !passes_initial_check(o)) end(o, ExitClass::data_inconsistent);
}

void Cluster::stop(std::uint8_t o) {
    Process& p = at(o);
    if (p.life == Life::down) return;
    // A leader hands over first [TransferLeadership]; before ready SIGTERM kills at once.
    if (p.up() && p.role == Role::leader)
        for (const View& view : p.conf)
            if (view.id != disk(o).id && !view.learner && at(view.ordinal).up()) {
                (void)move_leader(o, view.id);
                break;
            }
    exit_after(o, milliseconds(50), ExitClass::stopped);
}

void Cluster::exit_after(std::uint8_t o, Span wait, ExitClass why) {
    Happening exit;
    exit.kind = Kind::etcd_exit;
    exit.target = o;
    exit.guard = at(o).incarnation;
    exit.payload = static_cast<std::uint32_t>(why);
    kernel_.schedule(wait, exit);
}

void Cluster::end(std::uint8_t o, ExitClass why) {
    wake();
    Process& p = at(o);
    if (p.life == Life::down) return;
    ++topology_;
    const std::uint64_t incarnation = p.incarnation + 1;
    p = Process{};
    p.incarnation = incarnation;
    watcher_.exited(o, why);
}

void Cluster::surround(std::uint8_t o, const Surroundings& by) {
    wake();
    const bool was_slow = surroundings_[o].applies != 0;
    surroundings_[o] = by;
    if (by.defrag_takes == Span{} && at(o).busy) stop_defragmenting(o);
    if (was_slow && by.applies == 0 && at(o).up()) apply(o);
}

void Cluster::freeze(std::uint8_t o, bool frozen) {
    wake();
    ++topology_;
    at(o).frozen = frozen;
    if (!frozen) at(o).up_since = kernel_.now;
}

bool Cluster::rebuild(std::uint8_t o, const RebuildEtcd& how) {
    wake();
    Volume& volume = volumes_[o];
    if (!volume.data || at(o).life != Life::down || !volume.identity) return false;
    if (volume.identity->epoch == how.epoch) return true;  // done before a crash
    EtcdData next;
    next.id = member_id(how.token, o);
    next.cluster = ClusterId{mix(3, next.id.value)};
    next.term = 1;
    next.revision_base = volume.data->revision_base + how.bump.value;
    next.log.push_back({1, 0, next.id.value, EntryKind::add_voter, o});
    // A forced single member commits all that its log holds.
    for (const LogEntry& entry : volume.data->log)
        if (entry.kind == EntryKind::write)
            next.log.push_back({1, 0, entry.payload, EntryKind::write, 0});
    next.commit = next.last_index();
    next.in_db = next.commit;
    next.cluster_version = volume.data->cluster_version;
    next.served = volume.data->served;
    volume.set_aside.emplace_back("replaced-by-rebuild");
    volume.data = std::move(next);
    volume.identity->epoch = how.epoch;
    volume.identity->data_seen = true;
    volume.identity->high_water = LogPosition{};
    return true;
}

std::optional<std::uint8_t> Cluster::leader_of(std::uint8_t o) const {
    const Process& p = processes_[o];
    if (p.leader.value == 0) return std::nullopt;
    if (p.role == Role::leader) return o;
    const View* view = find(p, p.leader);
    return view != nullptr ? std::optional(view->ordinal) : std::nullopt;
}

std::size_t Cluster::group_size(std::uint8_t leader) const {
    std::size_t group = 0;
    const Process& p = processes_[leader];
    const EtcdData& mine = *volumes_[leader].data;
    for (const View& view : p.conf) {
        if (view.learner) continue;
        for (std::uint8_t o = 0; o < size; ++o) {
            if (!runs_as(o, view.id, mine.cluster) || !network_.linked(leader, o)) continue;
            if (volumes_[o].data->term > mine.term) continue;
            ++group;
            break;  // one vote, however many run as it
        }
    }
    return group;
}

bool Cluster::able(std::uint8_t leader) const {
    const Process& p = processes_[leader];
    return p.up() && p.role == Role::leader && p.established &&
           group_size(leader) >= quorum_of(voters(p));
}

std::optional<std::uint8_t> Cluster::able_leader() const {
    for (std::uint8_t o = 0; o < size; ++o)
        if (able(o)) return o;
    return std::nullopt;
}

bool Cluster::serves(std::uint8_t o) const {
    const Process& p = processes_[o];
    if (!p.answers() || !volumes_[o].data) return false;
    const View* self = find(p, volumes_[o].data->id);
    if (self == nullptr || self->learner) return false;
    const auto leader = leader_of(o);
    if (!leader || !network_.linked(o, *leader) || !able(*leader)) return false;
    const EtcdData& theirs = *volumes_[*leader].data;
    if (theirs.id != p.leader || theirs.cluster != volumes_[o].data->cluster) return false;
    // The read waits until this member has applied what the leader had committed in its own term.
    const EtcdData& d = *volumes_[o].data;
    return p.applied + 64 >= theirs.commit && d.term_at(p.applied) == theirs.term;
}

void Cluster::read_through(std::uint8_t o) {
    const auto leader = leader_of(o);
    if (leader) at(o).read_up_to = std::max(at(o).read_up_to, disk(*leader).commit);
}

Revision Cluster::revision(std::uint8_t o) const {
    const std::uint64_t base = volumes_[o].data ? volumes_[o].data->revision_base : 0;
    return Revision{static_cast<std::int64_t>(base + processes_[o].hashes.size() + 1)};
}

MemberStatus Cluster::status(std::uint8_t o) const {
    MemberStatus status;
    const Process& p = processes_[o];
    if (!p.answers()) return status;
    const EtcdData& d = *volumes_[o].data;
    status.answers = true;
    status.serves = serves(o);
    status.member_id = d.id;
    status.cluster_id = d.cluster;
    status.leader = p.leader;
    status.term = Term{d.term};
    status.index = LogIndex{d.commit};
    status.applied = LogIndex{p.applied};
    status.revision = revision(o);
    status.version = p.version;
    const View* self = find(p, d.id);
    status.learner = self != nullptr && self->learner;
    status.alarm_corrupt = !p.accused.empty();
    status.accused = p.accused;
    status.alarm_nospace = !p.short_of.empty();
    status.db_size = Bytes{d.file_mib << 20};
    status.db_size_in_use = Bytes{(p.freeable_mib + p.stored_mib) << 20};
    return status;
}

std::optional<MemberList> Cluster::members(std::uint8_t o, Freshness freshness) const {
    const Process& p = processes_[o];
    if (!p.answers()) return std::nullopt;
    if (freshness == Freshness::linearizable && !serves(o)) return std::nullopt;
    MemberList list;
    list.freshness = freshness;
    list.cluster_id = volumes_[o].data->cluster;
    if (freshness == Freshness::linearizable) list.term = Term{volumes_[o].data->term};
    list.members.reserve(p.conf.size());
    for (const View& view : p.conf) {
        ListedMember member;
        member.id = view.id;
        if (view.started) member.name = "replica-" + std::to_string(int{view.name});
        member.peer_urls = {peer_url(view.ordinal)};
        member.learner = view.learner;
        list.members.push_back(std::move(member));
    }
    std::sort(list.members.begin(), list.members.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    return list;
}

bool Cluster::put(std::uint8_t via, std::uint64_t write, std::uint64_t uid) {
    Process& p = at(via);
    if (!p.answers() || p.leader.value == 0) return false;
    const View* self = find(p, disk(via).id);
    if (self == nullptr || self->learner) return false;
    propose(via, LogEntry{0, uid, write, EntryKind::write, 0});
    return true;
}

bool Cluster::alarm(std::uint8_t via, EntryKind kind, MemberId id, std::uint64_t uid) {
    if (!serves(via)) return false;
    propose(via, LogEntry{0, uid, id.value, kind, 0});
    return true;
}

bool Cluster::resize(std::uint8_t via, EntryKind kind, std::uint64_t mib, std::uint64_t uid) {
    if (!serves(via)) return false;
    propose(via, LogEntry{0, uid, mib, kind, 0});
    return true;
}

bool Cluster::defragment(std::uint8_t o) {
    Process& p = at(o);
    if (!p.answers()) return false;
    disk(o).file_mib = p.freeable_mib + p.stored_mib;
    const Span takes = surroundings_[o].defrag_takes;
    if (takes == Span{}) return true;
    watcher_.suffered(Fault::slow_defrag);
    ++topology_;
    p.busy = true;
    p.busy_until = kernel_.now + takes;
    return true;
}

void Cluster::stop_defragmenting(std::uint8_t o) {
    wake();
    ++topology_;
    at(o).busy = false;
    if (at(o).up()) apply(o);
}

// Connections break: what is on its way to or from there does not arrive.
void Cluster::reset(std::uint8_t o) {
    wake();
    for (Message& message : messages_)
        if (message.from == o || message.to == o) message.cluster = ClusterId{};
}

bool Cluster::runs_as(std::uint8_t o, MemberId id, ClusterId cluster) const {
    return processes_[o].up() && volumes_[o].data && volumes_[o].data->id == id &&
           volumes_[o].data->cluster == cluster;
}

// Whoever dialled last as this member gets its stream, and the one that lost it dials again
// [rafthttp streamWriter.attach]: of two processes with one id each hears a part of what is said.
std::uint8_t Cluster::address_of(std::uint8_t from, const View& view) {
    std::array<std::uint8_t, size> same{};
    std::size_t count = 0;
    for (std::uint8_t o = 0; o < size; ++o)
        if (runs_as(o, view.id, disk(from).cluster) && network_.linked(from, o)) same[count++] = o;
    if (count == 0) return view.ordinal;
    if (count == 1) return same[0];
    auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& one) {
        return one.from == from && one.id == view.id;
    });
    if (route == routes_.end()) route = routes_.insert(route, Route{from, view.id, 0, Instant{}});
    if (route->until <= kernel_.now || !runs_as(route->to, view.id, disk(from).cluster)) {
        route->to = same[kernel_.streams.below(from, Purpose::outcome, count)];
        // Either dials again within a tenth of a second, or its stream holds for a while.
        const bool brief = kernel_.streams.chance(from, Purpose::outcome, 50);
        route->until = kernel_.now + kernel_.streams.between(from, Purpose::outcome,
                                                             milliseconds(brief ? 5 : 100),
                                                             milliseconds(brief ? 100 : 5'000));
    }
    return route->to;
}

bool Cluster::connected(std::uint8_t a, std::uint8_t b, Span least) const {
    if (a == b) return true;
    if (!processes_[a].up() || !processes_[b].up() || !network_.linked(a, b)) return false;
    const Instant since =
        std::max({processes_[a].up_since, processes_[b].up_since, network_.linked_since(a, b)});
    return kernel_.now - since >= least;
}

std::size_t Cluster::connected_voters(std::uint8_t o, Span least) const {
    std::size_t count = 0;
    for (const View& view : processes_[o].conf)
        if (!view.learner && connected(o, view.ordinal, least)) ++count;
    return count;
}

// 3.4 to 3.5.29, 3.6.0 to 3.6.10: isConnectedFullySince; later: a quorum counted with the new one
// down, isConnectedToQuorumAfterAddingNewMemberSince (etcd facts 6.2).
std::optional<Refused> Cluster::add(std::uint8_t via, std::uint8_t ordinal, EntryKind as,
                                    std::uint64_t uid) {
    Process& p = at(via);
    if (!p.answers()) return refused(Refusal::not_reachable, "connection refused");
    const std::size_t n = voters(p);
    const bool newer = (p.version >= Version{3, 5, 30} && p.version < Version{3, 6, 0}) ||
                       p.version >= Version{3, 6, 11};
    const std::size_t needed = n == 1 ? 1 : newer ? quorum_of(n + 1) : n;
    // Only for a voter [IsReadyToAddVotingMember]; the second member of one is exempt.
    const auto started = static_cast<std::size_t>(std::count_if(
        p.conf.begin(), p.conf.end(), [](const View& v) { return !v.learner && v.started; }));
    if (p.flags.strict && as == EntryKind::add_voter && n != 1 && started < quorum_of(n + 1))
        return refused(Refusal::not_enough_started, "not enough started members");
    if (p.flags.strict && connected_voters(via, health_interval) < needed)
        return refused(Refusal::unhealthy_cluster, "etcdserver: unhealthy cluster");
    for (const View& view : p.conf) {
        if (view.ordinal == ordinal)
            return refused(Refusal::member_exists, "etcdserver: Peer URLs already exists");
        if (view.learner && as == EntryKind::add_learner)
            return refused(Refusal::too_many_learners, "etcdserver: too many learner members");
    }
    const MemberId id{mix(kernel_.streams.draw(Streams::world, Purpose::identity), ordinal) | 1};
    propose(via, LogEntry{0, uid, id.value, as, ordinal});
    return std::nullopt;
}

std::optional<Refused> Cluster::promote(std::uint8_t via, MemberId id, std::uint64_t uid) {
    if (!at(via).answers()) return refused(Refusal::not_reachable, "connection refused");
    const auto leader = leader_of(via);
    if (!leader || !able(*leader)) return refused(Refusal::no_leader, "etcdserver: no leader");
    Process& p = at(*leader);
    const View* view = find(p, id);
    if (view == nullptr) return refused(Refusal::member_not_found, "etcdserver: member not found");
    std::uint64_t match = 0;
    for (const Progress& progress : p.progress)
        if (progress.id == id) match = progress.match;
    // Whether it is a learner at all is asked after that [server.go promoteMember].
    if (!view->started || match * 10 < disk(*leader).last_index() * 9)
        return refused(Refusal::learner_not_ready, "in sync with leader");
    if (!view->learner) return refused(Refusal::not_a_learner, "can only promote a learner member");
    watcher_.promotion_asked(*leader, id);
    propose(via, LogEntry{0, uid, id.value, EntryKind::promote, view->ordinal});
    return std::nullopt;
}

std::optional<Refused> Cluster::remove(std::uint8_t via, MemberId id, std::uint64_t uid) {
    Process& p = at(via);
    if (!p.answers()) return refused(Refusal::not_reachable, "connection refused");
    const View* target = find(p, id);
    if (target == nullptr)
        return refused(Refusal::member_not_found, "etcdserver: member not found");
    if (!target->learner && p.flags.strict) {
        const std::size_t n = voters(p);
        const auto started = static_cast<std::size_t>(std::count_if(
            p.conf.begin(), p.conf.end(),
            [&](const View& view) { return !view.learner && view.started && view.id != id; }));
        if (n < 2 || started < quorum_of(n - 1))
            return refused(Refusal::not_enough_started, "not enough started members");
        const bool present = target->ordinal == via || connected(via, target->ordinal, Span{});
        if (present && connected_voters(via, health_interval) < 1 + 1 + (n - 1) / 2)
            return refused(Refusal::unhealthy_cluster, "etcdserver: unhealthy cluster");
    }
    // Without a leader nobody takes it: the call ends at its deadline.
    const auto leader = leader_of(via);
    if (!leader) return std::nullopt;
    watcher_.removal_asked(*leader, id);
    propose(via, LogEntry{0, uid, id.value, EntryKind::remove, target->ordinal});
    return std::nullopt;
}

std::optional<Refused> Cluster::move_leader(std::uint8_t via, MemberId to) {
    wake();
    Process& p = at(via);
    if (!p.answers()) return refused(Refusal::not_reachable, "connection refused");
    if (p.role != Role::leader) return refused(Refusal::not_leader, "etcdserver: not leader");
    const View* heir = find(p, to);
    if (heir == nullptr || heir->learner)
        return refused(Refusal::bad_transferee, "etcdserver: bad leader transferee");
    Message m;
    m.say = Say::timeout_now;
    send(via, to, std::move(m));
    return std::nullopt;
}

std::optional<ContentHash> Cluster::hash_at(std::uint8_t o, Revision at_revision) const {
    const Process& p = processes_[o];
    if (!p.up()) return std::nullopt;
    const EtcdData& d = *volumes_[o].data;
    ContentHash hash;
    hash.member_id = d.id;
    hash.answered = true;
    hash.revision = revision(o);
    hash.compact_revision = Revision{-1};
    const auto writes = at_revision.value - 1 - static_cast<std::int64_t>(d.revision_base);
    if (writes > static_cast<std::int64_t>(p.hashes.size())) return std::nullopt;
    if (writes > 0)
        hash.hash = static_cast<std::uint32_t>(p.hashes[static_cast<std::size_t>(writes) - 1]);
    return hash;
}

}  // namespace quorate::sim
