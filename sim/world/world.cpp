#include "sim/world/world.hpp"

#include <sstream>
#include <utility>

#include "core/base/check.hpp"

namespace quorate::sim {
namespace {

bool tells_who_is_member(EntryKind kind) {
    return kind == EntryKind::add_voter || kind == EntryKind::add_learner ||
           kind == EntryKind::promote || kind == EntryKind::remove || kind == EntryKind::publish;
}

// What grows with a life; a record with all that its event and its decision hold is about so large.
constexpr std::size_t record_bytes = 1'500;

std::size_t bytes_of(const Volume& volume) {
    const std::size_t entries = volume.data ? volume.data->log.size() : 0;
    return entries * sizeof(LogEntry) + volume.journal.records.size() * record_bytes;
}

}  // namespace

Policy quick_policy() {
    Policy policy;
    policy.unresponsive_after = seconds(10);
    policy.learner_stuck_after = seconds(10);
    policy.quorum_lost_after = seconds(8);
    policy.survivors_wait = seconds(4);
    policy.hash_check_period = seconds(15);
    policy.high_water_period = seconds(5);
    policy.restart_backoff_max = seconds(5);
    policy.authority_stagger = milliseconds(500);
    policy.authority_ttl = seconds(6);
    policy.peers_wait = seconds(2);
    policy.record_copies = true;
    return policy;
}

World::World(Config given)
    : config(std::move(given)),
      kernel(config.seed),
      cluster(kernel, network, volumes, *this, config.version),
      oracles(*this),
      faults(*this),
      retention_(config.volumes) {
    cluster.set_leaps(config.leaps);
    store.desired = config.desired;
    for (std::uint8_t o = 0; o < size; ++o) {
        agents[o].emplace(*this, o);
        volumes[o].journal.owner = o;
    }
    store_changed();
    Happening first;
    first.kind = Kind::reconcile;
    kernel.schedule(Span{}, first);
    first.kind = Kind::audit;
    kernel.schedule(milliseconds(500), first);
    first.kind = Kind::client_put;
    kernel.schedule(config.put_period, first);
}

World::World(const World& origin) : World(origin.config) { *this = origin; }

std::size_t World::bytes_held() const {
    std::size_t sum = 0;
    for (std::uint8_t o = 0; o < size; ++o) {
        sum += sizeof(Agent) + bytes_of(volumes[o]) + (saved_[o] ? bytes_of(*saved_[o]) : 0);
        sum += cluster.process(o).hashes.size() * sizeof(std::uint64_t);
    }
    return sum;
}

bool World::suffer(const std::string& fault) {
    std::vector<std::string> words;
    std::istringstream in(fault);
    for (std::string word; in >> word;)
        words.push_back(word);
    const auto episode = parse_episode(words);
    QUORATE_REQUIRE(episode.has_value());
    return faults.begin(*episode);
}

void World::run_until(Instant until) {
    while (!kernel.queue.empty() && kernel.queue.next_at() <= until) {
        const Happening what = kernel.next();
        ++kernel.events;
        kernel.note(static_cast<std::uint64_t>(what.at.us) << 16 |
                    static_cast<std::uint64_t>(what.kind) << 8 | what.target);
        happen(what);
        oracles.after_event();
        if (watched()) config.onlooker->happened(*this, what);
    }
    kernel.rest(until);
}

void World::happen(const Happening& what) {
    switch (what.kind) {
        case Kind::raft_tick:
        case Kind::raft_message:
        case Kind::etcd_boot:
        case Kind::etcd_exit:
            return cluster.happen(what);
        case Kind::agent_run:
        case Kind::probe:
        case Kind::watch:
        case Kind::wake:
        case Kind::renew_lease:
        case Kind::execute:
        case Kind::peers:
        case Kind::peer_letter:
        case Kind::relist:
        case Kind::news_again:
            return agents[what.target]->happen(what);
        case Kind::answer_overdue: {
            const auto request = requests_.find(what.payload);
            if (what.target != Streams::world) return agents[what.target]->happen(what);
            if (request == requests_.end()) return;
            const Request overdue = request->second;
            requests_.erase(request);
            Agent& agent = *agents[overdue.agent];
            if (overdue.write == 0 && agent.life() == overdue.life)
                agent.request_ended(overdue.command.id, Unknown{"no answer by the deadline"}, {});
            return;
        }
        case Kind::pod_start:
            if (pods[what.target].incarnation == what.guard) pod_starts(what.target);
            return;
        case Kind::pod_kill:
            if (pods[what.target].incarnation == what.guard) agents[what.target]->die();
            return;
        case Kind::reconcile:
            kernel.schedule(milliseconds(500), what);
            return reconcile();
        case Kind::client_put:
            kernel.schedule(config.put_period, what);
            return put();
        case Kind::audit:
            kernel.schedule(milliseconds(500), what);
            return oracles.audit();
        case Kind::fault:
            return faults.happen(what);
        case Kind::api_cache:
            return show(what.target, what.guard);
        case Kind::name_found:
            return name_found(what);
    }
}

void World::put() {
    const auto first =
        static_cast<std::uint8_t>(kernel.streams.below(Streams::world, Purpose::client, size));
    for (std::uint8_t i = 0; i < size; ++i) {
        const auto via = static_cast<std::uint8_t>((first + i) % size);
        if (!cluster.process(via).answers()) continue;
        const std::uint64_t uid = ++next_uid_;
        const std::uint64_t write = ++next_write_;
        Request& request = requests_[uid];
        request.via = via;
        request.write = write;
        if (!cluster.put(via, write, uid)) return forget_request(uid);
        Happening overdue;
        overdue.kind = Kind::answer_overdue;
        overdue.target = Streams::world;
        overdue.payload = static_cast<std::uint32_t>(uid);
        kernel.schedule(seconds(7), overdue);
        return;
    }
}

std::uint64_t World::await_request(std::uint8_t via, std::uint8_t agent, const Command& command,
                                   std::uint64_t number, bool answer_lost) {
    const std::uint64_t uid = ++next_uid_;
    Request& request = requests_[uid];
    request.via = via;
    request.agent = agent;
    request.life = agents[agent]->life();
    request.command = command;
    request.number = number;
    request.answer_lost = answer_lost;
    Happening overdue;
    overdue.kind = Kind::answer_overdue;
    overdue.target = Streams::world;
    overdue.payload = static_cast<std::uint32_t>(uid);
    kernel.schedule(agents[agent]->until_overdue(command), overdue);
    return uid;
}

void World::applied(std::uint8_t ordinal, const LogEntry& entry, bool accepted) {
    kernel.note_deed(mix(entry.term << 8 | ordinal, entry.payload));
    if (accepted && (entry.kind == EntryKind::promote || entry.kind == EntryKind::remove))
        oracles.reconfigured(ordinal);
    if (accepted && tells_who_is_member(entry.kind)) oracles.listed(ordinal);
    if (entry.uid == 0) return;
    const auto found = requests_.find(entry.uid);
    if (found == requests_.end() || found->second.via != ordinal) return;
    if (found->second.write == 0) faults.command_took_effect(found->second.number);
    // An answer that is cut off is none: the request ends when it is overdue.
    const bool cut_off = found->second.write == 0 && !network.linked(found->second.agent, ordinal);
    if (found->second.answer_lost || cut_off) return;
    const Request request = found->second;
    requests_.erase(found);
    answer_request(request, entry, accepted);
}

void World::answer_request(const Request& request, const LogEntry& entry, bool accepted) {
    if (request.write != 0 && !accepted) return;  // refused: nobody counts on it
    if (request.write != 0) return oracles.acknowledged(request.via, request.write);
    Agent& agent = *agents[request.agent];
    if (agent.life() != request.life) return;
    const CommandId id = request.command.id;
    if (!accepted)
        return agent.request_ended(
            id, Refused{Refusal::member_not_found, "etcdserver: refused when applied"}, {});
    const bool added = entry.kind == EntryKind::add_learner;
    auto list = added ? cluster.members(request.via, Freshness::local) : std::nullopt;
    if (!list) return agent.request_ended(id, Done{}, Nothing{});
    list->freshness = Freshness::linearizable;
    agent.request_ended(id, Done{}, LearnerAdded{MemberId{entry.payload}, std::move(*list)});
}

void World::exited(std::uint8_t ordinal, ExitClass why) {
    oracles.ended(ordinal);
    ChildExit exit;
    exit.exit_class = why;
    exit.signal = why == ExitClass::killed ? 9 : why == ExitClass::stopped ? 15 : 0;
    if (watched())
        say("etcd " + std::to_string(int{ordinal}) + " ended, class " +
            std::to_string(static_cast<int>(why)));
    agents[ordinal]->post(EtcdExited{exit});
}

bool World::reset(std::uint8_t o) {
    if (!cluster.process(o).up()) return false;
    cluster.reset(o);
    for (const auto& agent : agents)
        agent->break_off(o);
    return true;
}

void World::starting(std::uint8_t ordinal, const EtcdData& data) {
    oracles.starting(ordinal, data);
}
void World::founding(std::uint8_t ordinal, const EtcdData& data) {
    oracles.founding(ordinal, data);
}
void World::established(std::uint8_t ordinal) {
    if (watched()) say("etcd " + std::to_string(int{ordinal}) + " leads");
    oracles.established(ordinal);
}
void World::removal_asked(std::uint8_t leader, MemberId target) {
    if (by_hand) return;  // a person's doing: nothing of ours is judged by it
    oracles.removal_asked(leader, target);
}
void World::promotion_asked(std::uint8_t leader, MemberId target) {
    oracles.promotion_asked(leader, target);
}

void World::store_changed() {
    const std::uint64_t version = api.note(store, !host.no_set);
    for (std::uint8_t i = 0; i < Api::instances; ++i) {
        if (api.trouble.lag[i] == Span{}) {
            show(i, version);
            continue;
        }
        Happening later;
        later.kind = Kind::api_cache;
        later.target = i;
        later.guard = version;
        kernel.schedule(api.trouble.lag[i], later);
    }
}

void World::show(std::uint8_t instance, std::uint64_t version) {
    if (!api.show(instance, version)) return;
    for (std::uint8_t o = 0; o < size; ++o)
        if (api.instance_of(o) == instance) agents[o]->store_changed();
}

// Whoever waited for an end of it looks again.
void World::trouble_api(const Api::Trouble& trouble) {
    const Api::Trouble before = std::exchange(api.trouble, trouble);
    for (std::uint8_t i = 0; i < Api::instances; ++i)
        if (trouble.lag[i] < before.lag[i]) show(i, api.newest());
    for (std::uint8_t o = 0; o < size; ++o) {
        if (trouble.gone && !before.gone) agents[o]->drop_watch();
        if (before.forbidden[o] && !trouble.forbidden[o]) agents[o]->store_changed();
    }
}

void World::set_journal_aside(std::uint8_t o) {
    oracles.refold(volumes[o].journal, 0);  // nobody reads it again
    volumes[o].journal = Journal{o, {}};
}

}  // namespace quorate::sim
