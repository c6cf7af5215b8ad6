#include "sim/faults/episodes.hpp"

#include <algorithm>
#include <iterator>

#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// Until the leader has applied what fills its database.
constexpr Span applied_after = milliseconds(200);

bool takes_node(const Episode& episode, std::uint8_t o) {
    if (episode.fault == Fault::hold) return episode.one == o;
    const std::uint32_t zones = std::max(episode.number, 1U);
    return episode.fault == Fault::zone_loss && o % zones == episode.one % zones;
}

// Of those that last: one that does something when it begins, or does not apply.
bool begins_with_a_step(Fault fault) {
    return fault == Fault::fill || fault == Fault::store || fault == Fault::stuck_claim ||
           fault == Fault::multi_attach || fault == Fault::force_delete ||
           fault == Fault::rollout || fault == Fault::quota || fault == Fault::zone_loss;
}

}  // namespace

bool Episodes::begin(const Episode& episode) {
    const FaultKind& kind = kind_of(episode.fault);
    Count& count = counts_[static_cast<std::size_t>(episode.fault)];
    ++count.asked;
    if (world_.watched()) world_.say("FAULT " + text_of(episode));
    world_.kernel.note(mix(static_cast<std::uint64_t>(episode.fault) << 16 |
                               static_cast<std::uint64_t>(episode.one) << 8 | episode.other,
                           mix(std::uint64_t{episode.left} << 16 | episode.right, episode.number)));
    last_[static_cast<std::size_t>(kind.family)] = world_.kernel.now;
    const bool repairing = world_.repair_under_way();
    const bool took = apply(episode);
    if (took) ++count.took;
    if (took && repairing) note_in_a_repair(episode.fault);
    return took;
}

void Episodes::note_in_a_repair(Fault fault) {
    using enum Sometimes;
    const auto say = [&](Sometimes truth) { world_.coverage.is_true(truth); };
    if (fault == Fault::lose_journal) say(a_journal_lost_in_a_repair);
    if (fault == Fault::steal_lease) say(authority_lost_in_a_repair);
    if (fault == Fault::api_outage) say(no_api_in_a_repair);
    if (fault == Fault::change) say(content_differs_in_a_repair);
    if (fault == Fault::fill) say(nospace_beside_a_repair);
    if (fault == Fault::scale) say(scaled_in_a_repair);
    if (fault == Fault::remove_by_hand) say(a_person_removes_in_a_repair);
}

bool Episodes::apply(const Episode& episode) {
    const bool waits = episode.fault == Fault::fill;
    if (kind_of(episode.fault).lasts_most == Span{} && !waits) return apply_now(episode);
    if (begins_with_a_step(episode.fault) && !apply_now(episode)) return false;
    if (!applies(episode)) return false;
    active_.push_back({episode, ++ids_, world_.kernel.now});
    if (episode.fault == Fault::swizzle) step_by_step(episode);
    if (episode.fault == Fault::future_event) world_.agents[episode.one]->post_unknown();
    const Span lasts = waits ? applied_after : episode.lasts;
    if (lasts.us > 0) {
        Happening end;
        end.kind = Kind::fault;
        end.guard = ids_;
        end.payload = ends;
        world_.kernel.schedule(lasts, end);
    }
    refresh();
    return true;
}

bool Episodes::apply_now(const Episode& episode) {
    const std::uint8_t one = episode.one;
    switch (episode.fault) {
        case Fault::kill_etcd:
            if (world_.cluster.process(one).life == Life::down) return false;
            world_.kill_etcd(one);
            return true;
        case Fault::kill_agent:
            if (!world_.agents[one]->alive()) return false;
            world_.kill_agent(one);
            return true;
        case Fault::crash:
            world_.agents[one]->plan_crash(
                {static_cast<CrashPoint>(1 + episode.number % crash_points),
                 crash_command(episode.number)});
            return true;
        case Fault::delete_pod:
            world_.delete_pod(one);
            return true;
        case Fault::scale:
            world_.scale(episode.number);
            return true;
        case Fault::policy:
            world_.set_policy(episode.number == 0 ? PodManagement::parallel
                                                  : PodManagement::ordered);
            return true;
        case Fault::steal_lease:
            return world_.store.steal(world_.config.policy.authority_ttl, world_.kernel.now);
        case Fault::save:
            world_.save(one);
            return true;
        case Fault::roll_back:
            return world_.roll_back(one);
        case Fault::lose_tail:
            return lose_tail(episode);
        case Fault::wipe:
            world_.wipe(one);
            return true;
        case Fault::swap:
            if (one == episode.other) return false;
            world_.swap(one, episode.other);
            return true;
        case Fault::clone:
            if (one == episode.other) return false;
            world_.clone(one, episode.other);
            return true;
        case Fault::change:
            return world_.change_content(one);
        case Fault::fill: {
            const auto leader = world_.cluster.able_leader();
            return leader && world_.cluster.resize(*leader, EntryKind::fill, episode.number, 0);
        }
        case Fault::store: {
            const auto leader = world_.cluster.able_leader();
            if (!leader || !world_.cluster.resize(*leader, EntryKind::store, episode.number, 0))
                return false;
            Happening applied;
            applied.kind = Kind::fault;
            applied.payload = filled;
            world_.kernel.schedule(applied_after, applied);
            return true;
        }
        case Fault::sync_fails:
            if (!world_.cluster.process(one).up()) return false;
            world_.cluster.end(one, ExitClass::unknown);
            return true;
        case Fault::reset:
            return world_.reset(one);
        case Fault::quota:
            if (episode.number <= world_.config.quota_mib) return false;  // only ever more
            world_.config.quota_mib = episode.number;
            world_.roll_out();
            return true;
        case Fault::tear_log:
            return world_.damage(one, Damage::wal_last_half);
        case Fault::flip_log:
            return world_.damage(one, Damage::wal_bit);
        case Fault::misdirect:
            return world_.misdirect(one);
        case Fault::cut_db:
            return world_.damage(one, Damage::db_pages);
        case Fault::lose_log:
            return world_.damage(one, Damage::wal_lost);
        case Fault::lose_db:
            return world_.damage(one, Damage::db_lost);
        case Fault::lose_snapshots:
            return world_.damage(one, Damage::snap_lost);
        case Fault::lose_rename:
            return world_.lose_rename(one);
        case Fault::wall_ahead:
            world_.agents[one]->set_wall(seconds(std::int64_t{episode.number}));
            return true;
        case Fault::wall_back:
            world_.agents[one]->set_wall(seconds(-std::int64_t{episode.number}));
            return true;
        case Fault::jump_all:
            for (const auto& agent : world_.agents)
                agent->jump(seconds(std::int64_t{episode.number}));
            return true;
        case Fault::stop_agent:
            if (!world_.agents[one]->alive() || world_.pods[one].phase != Pod::Phase::running)
                return false;
            world_.stop_agent(one);
            return true;
        case Fault::flip_journal:
            if (world_.volumes[one].journal.records.empty()) return false;
            world_.volumes[one].journal.flipped = true;
            return true;
        case Fault::wipe_most:
            return wipe_most(one);
        case Fault::jump:
            world_.agents[one]->jump(seconds(std::int64_t{episode.number}));
            return true;
        case Fault::move_leader: {
            const auto leader = world_.cluster.able_leader();
            const EtcdData* data = world_.cluster.data(one);
            return leader && data != nullptr && !world_.cluster.move_leader(*leader, data->id);
        }
        case Fault::remove_by_hand:
            return remove_by_hand(one);
        case Fault::add_by_hand:
            return add_by_hand(one);
        case Fault::accuse:
            return accuse(one);
        case Fault::lose_journal:
            world_.lose_journal(one, SIZE_MAX);
            return true;
        case Fault::tear_journal:
            world_.lose_journal(one, episode.number);
            return true;
        case Fault::swap_journals:
            world_.swap_journals(one, episode.other);
            return true;
        case Fault::approve:
            return world_.approve_rebuild();
        case Fault::record_back:
            return world_.take_record_back(episode.number);
        case Fault::lose_record:
            return world_.lose_record();
        case Fault::disarm_by_hand:
            return world_.disarm_nospace();
        case Fault::lose_answer:
        case Fault::lose_request:
            return std::any_of(world_.agents.begin(), world_.agents.end(), [&](const auto& agent) {
                return agent->lose(episode.command, episode.fault == Fault::lose_answer
                                                        ? LostOn::way_back
                                                        : LostOn::way_there);
            });
        case Fault::upgrade:
            world_.upgrade(one, release_of(episode.number));
            return true;
        case Fault::drop_watch:
            return world_.agents[one]->drop_watch();
        case Fault::fail_over:
            return world_.agents[one]->fail_over(Api::numbered(episode.other));
        case Fault::delete_claim:
        case Fault::stuck_claim:
            return world_.delete_claim(one);
        case Fault::strip_claim:
            return world_.strip_claim(one);
        case Fault::multi_attach:
            return world_.lose_node(one);
        case Fault::retention:
            return world_.set_retention(episode.number == 0 ? Retention::retain
                                                            : Retention::on_scale_delete);
        case Fault::force_delete:
            return world_.force_delete(one);
        case Fault::rollout:
            world_.roll_out();
            return true;
        case Fault::zone_loss:
            for (std::uint8_t o = 0; o < World::size; ++o)
                if (takes_node(episode, o) && world_.agents[o]->alive()) return true;
            return false;
        case Fault::freeze:
        case Fault::pause_agent:
        case Fault::hang_etcd:
        case Fault::slow_start:
        case Fault::hold:
        case Fault::cut_store:
        case Fault::api_outage:
        case Fault::stale_watch:
        case Fault::conflicts:
        case Fault::lose_answers:
        case Fault::partition:
        case Fault::one_way:
        case Fault::unnamed:
        case Fault::no_names:
        case Fault::loss:
        case Fault::delay:
        case Fault::duplicate:
        case Fault::watch_gone:
        case Fault::stale_cache:
        case Fault::api_busy:
        case Fault::batched:
        case Fault::repeated:
        case Fault::forbidden:
        case Fault::unbound:
        case Fault::drain:
        case Fault::orphan_set:
        case Fault::no_image:
        case Fault::readiness:
        case Fault::stale_name:
        case Fault::failing_names:
        case Fault::slow_names:
        case Fault::disk_errors:
        case Fault::full_disk:
        case Fault::slow_disk:
        case Fault::read_only:
        case Fault::stop_clock:
        case Fault::out_of_memory:
        case Fault::crash_loop:
        case Fault::wrong_binary:
        case Fault::port_taken:
        case Fault::no_files:
        case Fault::leftover:
        case Fault::bandwidth:
        case Fault::blackhole:
        case Fault::slow_apply:
        case Fault::auth:
        case Fault::full_journal:
        case Fault::tell_twice:
        case Fault::pause_all:
        case Fault::clock_fast:
        case Fault::clock_slow:
        case Fault::swizzle:
        case Fault::half_open:
        case Fault::expired:
        case Fault::slow_defrag:
        case Fault::future_event:
        case Fault::count_:
            break;
    }
    return false;
}

// The power fails on a disk that acknowledged syncs it had not done: the last entries are gone.
bool Episodes::lose_tail(const Episode& episode) {
    std::optional<EtcdData>& data = world_.volumes[episode.one].data;
    if (!data || data->log.empty()) return false;
    world_.agents[episode.one]->die();
    world_.oracles.losing(episode.one);
    // What the first start wrote was on the disk before anybody was told of it.
    const auto founding =
        std::find_if(data->log.begin(), data->log.end(),
                     [](const LogEntry& one) { return one.kind != EntryKind::add_voter; }) -
        data->log.begin();
    const auto kept = std::max<std::int64_t>(
        founding, static_cast<std::int64_t>(data->log.size()) - std::int64_t{episode.number});
    data->log.resize(static_cast<std::size_t>(kept));
    data->commit = std::min(data->commit, data->last_index());
    world_.oracles.rolled_back(episode.one);
    return true;
}

// What a person does with etcdctl: etcd's own rules are all that stands in the way.
bool Episodes::remove_by_hand(std::uint8_t o) {
    const auto leader = world_.cluster.able_leader();
    const EtcdData* data = world_.cluster.data(o);
    if (!leader || data == nullptr) return false;
    world_.by_hand = true;
    world_.by_hand_at = world_.kernel.now;
    const bool done = !world_.cluster.remove(*leader, data->id, 0);
    world_.by_hand = false;
    return done;
}

bool Episodes::add_by_hand(std::uint8_t o) {
    const auto leader = world_.cluster.able_leader();
    world_.by_hand_at = world_.kernel.now;
    return leader && !world_.cluster.add_learner(*leader, o, 0);
}

bool Episodes::accuse(std::uint8_t o) {
    const auto leader = world_.cluster.able_leader();
    const EtcdData* data = world_.cluster.data(o);
    return leader && data != nullptr &&
           world_.cluster.alarm(*leader, EntryKind::accuse, data->id, 0);
}

// A member whose database is over its quota says so with the next write.
void Episodes::raise_nospace() {
    const auto leader = world_.cluster.able_leader();
    if (!leader || world_.cluster.data(*leader)->file_mib < world_.config.quota_mib) return;
    world_.cluster.alarm(*leader, EntryKind::nospace, world_.cluster.data(*leader)->id, 0);
}

template <class Ends>
void Episodes::end_those(Ends ended) {
    bool some = false;
    for (std::size_t i = 0; i < active_.size();) {
        const Episode episode = active_[i].episode;
        if (!ended(active_[i])) {
            ++i;
            continue;
        }
        active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
        last_[static_cast<std::size_t>(kind_of(episode.fault).family)] = world_.kernel.now;
        if (world_.watched()) world_.say("END   " + text_of(episode));
        if (episode.fault == Fault::fill) raise_nospace();
        if (episode.fault == Fault::half_open) {
            world_.reset(episode.one);
            world_.reset(episode.other);
        }
        if (episode.fault == Fault::future_event) world_.replace_agent(episode.one);
        deletes_ |= episode.fault == Fault::store;
        some = true;
    }
    if (some) refresh();
}

void Episodes::end_all() {
    end_those([](const Active&) { return true; });
    world_.finish_deletions();
    planned_.clear();
    due_.clear();
    for (std::uint8_t o = 0; o < World::size; ++o) {
        world_.agents[o]->plan_crash({});
        world_.agents[o]->set_wall({});
    }
    refresh();
    world_.store_changed();
}

void Episodes::end(Family family) {
    end_those([&](const Active& one) { return kind_of(one.episode.fault).family == family; });
}

void Episodes::end(Fault fault, std::uint8_t one) {
    end_those([&](const Active& active) {
        return active.episode.fault == fault && active.episode.one == one;
    });
}

// The world suffers from what is active and from nothing else: computed anew each time.
void Episodes::refresh() {
    refresh_names();
    refresh_network();
    refresh_api();
    refresh_host();
    refresh_volumes();
    refresh_processes();
    std::array<bool, World::size> agent_still{};
    std::array<bool, World::size> etcd_still{};
    std::array<bool, World::size> held{};
    std::array<Span, World::size> slow{};
    std::array<Span, World::size> late{};
    std::uint32_t lost_answers = 0;
    std::uint32_t conflicting = 0;
    for (const Active& active : active_) {
        const Episode& e = active.episode;
        const Span span = seconds(std::int64_t{e.number});
        agent_still[e.one] |= e.fault == Fault::freeze || e.fault == Fault::pause_agent;
        if (e.fault == Fault::pause_all) agent_still.fill(true);
        etcd_still[e.one] |= e.fault == Fault::freeze || e.fault == Fault::hang_etcd;
        for (std::uint8_t o = 0; o < World::size; ++o)
            held[o] |= takes_node(e, o);
        if (e.fault == Fault::slow_start) slow[e.one] = std::max(slow[e.one], span);
        if (e.fault == Fault::stale_watch) late[e.one] = std::max(late[e.one], span);
        if (e.fault == Fault::lose_answers) lost_answers = std::max(lost_answers, e.number);
        if (e.fault == Fault::conflicts) conflicting = std::max(conflicting, e.number);
    }
    world_.lose_answers(lost_answers);
    world_.conflicts_percent = conflicting;
    for (std::uint8_t o = 0; o < World::size; ++o) {
        // Only what changes: a process that began meanwhile was never stopped.
        if (agent_still[o] != agent_still_[o]) world_.agents[o]->freeze(agent_still[o]);
        if (etcd_still[o] != etcd_still_[o]) world_.cluster.freeze(o, etcd_still[o]);
        if (held[o] != world_.pods[o].held) world_.hold(o, held[o]);
        world_.cluster.slow_start(o, slow[o]);
        world_.watch_lag[o] = late[o];
    }
    agent_still_ = agent_still;
    etcd_still_ = etcd_still;
}

std::vector<std::string> Episodes::audit() const {
    std::vector<std::string> found;
    for (const Active& active : active_)
        found.push_back(text_of(active.episode));
    if (!planned_.empty()) found.push_back("a fault still waits for its command");
    if (!world_.network.whole()) found.push_back("the network is not whole");
    if (world_.network.weather != Network::Weather{}) found.push_back("messages still suffer");
    if (world_.api.trouble != Api::Trouble{}) found.push_back("the API still ails");
    if (world_.names.trouble != Names::Trouble{}) found.push_back("the DNS still ails");
    if (world_.host != HostTrouble{}) found.push_back("the host still ails");
    if (world_.lost_answers_percent != 0) found.push_back("answers are still lost");
    if (world_.conflicts_percent != 0) found.push_back("writes still conflict");
    for (std::uint8_t o = 0; o < World::size; ++o) {
        const std::string name = "replica " + std::to_string(int{o});
        if (world_.pods[o].held) found.push_back(name + " is still held");
        if (world_.agents[o]->frozen()) found.push_back("the agent of " + name + " still rests");
        if (world_.cluster.process(o).frozen) found.push_back("etcd of " + name + " still rests");
        if (world_.agents[o]->crash_planned()) found.push_back(name + " is still to crash");
        if (world_.watch_lag[o] != Span{}) found.push_back(name + " still hears late");
        if (const std::string what = still_suffers(o); !what.empty())
            found.push_back(name + " " + what);
    }
    return found;
}

std::string Episodes::active_ids() const {
    std::string ids;
    for (const Active& active : active_)
        ids += std::string(ids.empty() ? "" : " ") + kind_of(active.episode.fault).id;
    return ids;
}

std::uint8_t Episodes::families_active(Span recently) const {
    std::uint8_t bits = 0;
    for (const Active& active : active_)
        bits |= static_cast<std::uint8_t>(
            1U << static_cast<unsigned>(kind_of(active.episode.fault).family));
    for (std::size_t family = 0; family < families; ++family)
        if (last_[family] != Instant{} && world_.kernel.now - last_[family] <= recently)
            bits |= static_cast<std::uint8_t>(1U << family);
    return bits;
}

void Episodes::strikes_late(Fault fault) {
    felt(fault);
    last_[static_cast<std::size_t>(kind_of(fault).family)] = world_.kernel.now;
}

Instant Episodes::last_at() const { return *std::max_element(last_.begin(), last_.end()); }

std::uint64_t Episodes::injected() const {
    std::uint64_t sum = 0;
    for (const Count& count : counts_)
        sum += count.took;
    return sum;
}

void Episodes::begin_at_command(const Episode& episode) {
    if (begin(episode)) ++took_at_commands_;
}

void Episodes::committing(std::size_t commands) { reach_at_once(Edge::before_commit, commands); }

void Episodes::committed(std::size_t commands) {
    opens_ = true;
    reach_at_once(Edge::after_commit, commands);
}

// The next so many commands are those of one decision: its agent waits in the middle of its line.
void Episodes::reach_at_once(Edge edge, std::size_t commands) {
    std::vector<Episode> now;
    const auto falls = [&](const Episode& one) {
        return one.edge == edge && one.command > commands_ && one.command <= commands_ + commands;
    };
    std::copy_if(planned_.begin(), planned_.end(), std::back_inserter(now), falls);
    if (now.empty()) return;
    std::erase_if(planned_, falls);
    for (const Episode& episode : now)
        begin_at_command(episode);
}

// Somebody is in the middle of this command: what falls here falls right after this line of it.
void Episodes::reach_soon(Edge edge, std::uint64_t number) {
    for (std::size_t i = 0; i < planned_.size();) {
        if (planned_[i].edge != edge || planned_[i].command != number) {
            ++i;
            continue;
        }
        due_.push_back(planned_[i]);
        planned_.erase(planned_.begin() + static_cast<std::ptrdiff_t>(i));
        Happening now;
        now.kind = Kind::fault;
        now.payload = begins;
        world_.kernel.schedule(Span{}, now);
    }
}

void Episodes::command_released(std::uint8_t agent, const Command& command) {
    ++commands_;
    if (std::vector<Released>* into = world_.config.released_into) {
        const auto leader = world_.cluster.able_leader();
        const std::size_t members = leader ? world_.cluster.process(*leader).conf.size() : 0;
        into->push_back({commands_, agent, opens_, command, leader, members, world_.kernel.now});
    }
    opens_ = false;
    reach_soon(Edge::after_release, commands_);
}

void Episodes::happen(const Happening& what) {
    if (what.payload == filled) return raise_nospace();
    if (what.payload == next_step) return take_next_step();
    if (what.payload == begins) {
        if (due_.empty()) return;  // the faults have ended meanwhile
        const Episode first = due_.front();
        due_.erase(due_.begin());
        begin_at_command(first);
        return;
    }
    end_those([&](const Active& active) { return active.id == what.guard; });
}

}  // namespace quorate::sim
