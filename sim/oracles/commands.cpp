// What must hold of a command at the instant when it is carried out, seen with an eye that knows
// every volume, the record and who holds authority.
#include <algorithm>

#include "core/explain.hpp"
#include "sim/oracles/oracles.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

std::string name(Ordinal o) { return "replica " + std::to_string(o.value); }

bool is_upkeep(const CommandBody& body) {
    return std::holds_alternative<WakeAt>(body) || std::holds_alternative<ProbeReplicas>(body);
}

}  // namespace

// S16: a command is told from every other by its number, also by those of an earlier life whose
// answers are still under way. S21: nobody acts in a hot loop.
void Oracles::issued(std::uint8_t agent, const Command& command) {
    if (command.id <= last_command_[agent])
        report("S16", name(Ordinal{agent}) + " uses the number of command " +
                          std::to_string(command.id.value) + " again");
    last_command_[agent] = command.id;
    intents_.issued(agent, command);
    if (is_upkeep(command.body)) return;
    const std::int64_t minute = world_.kernel.now.us / minutes(1).us;
    Minute& spent = minute_[agent];
    if (spent.number != minute) spent = Minute{minute, 0, 0};
    ++spent.commands;
    if (std::holds_alternative<StartEtcd>(command.body)) ++spent.starts;
    findings_.counts.commands_most = std::max(findings_.counts.commands_most, spent.commands);
    findings_.counts.starts_most = std::max(findings_.counts.starts_most, spent.starts);
    if (spent.commands == commands_per_minute)
        report("S21", name(Ordinal{agent}) + " gave " + std::to_string(commands_per_minute) +
                          " commands in a minute, the last of them " + name_of(command.body));
    if (spent.starts == starts_per_minute)
        report("S21", name(Ordinal{agent}) + " started etcd " + std::to_string(starts_per_minute) +
                          " times in a minute");
}

void Oracles::carrying_out(std::uint8_t agent, const Command& command) {
    // What rotted under the one that ran on it is lost when it shows: until then it seemed to keep
    // what it acknowledged.
    const bool looks = std::holds_alternative<ExamineDisk>(command.body) ||
                       std::holds_alternative<SetAsideData>(command.body);
    const EtcdData* rotten = world_.cluster.data(agent);
    if (looks && looks_honest_[agent] && rotten != nullptr && rotten->damage != Damage::none &&
        world_.cluster.process(agent).life == Life::down)
        losing(agent);
    if (std::holds_alternative<ExamineDisk>(command.body) && lost_[agent] &&
        world_.volumes[agent].data)
        ++findings_.counts.returned;
    if (std::holds_alternative<StartEtcd>(command.body)) identities_.spawning(agent);
    if (std::holds_alternative<SetAsideData>(command.body)) setting_aside(agent);
    if (const auto* stamp = std::get_if<StampVolume>(&command.body)) stamping(agent, *stamp);
    if (const auto* write = std::get_if<WriteRecord>(&command.body)) writing(agent, *write);
    if (const auto* rebuild = std::get_if<RebuildEtcd>(&command.body)) rebuilding(agent, *rebuild);
}

// S5: each claim of a volume has a nonce that no claim ever had, or a rollback would look like it.
void Oracles::stamping(std::uint8_t o, const StampVolume& stamp) {
    ++findings_.counts.stamps;
    const auto [known, fresh] = stamped_.emplace(stamp.identity.nonce.value, Claim{});
    const Claim now{o, world_.agents[o]->life(), world_.cluster.process(o).incarnation};
    if (fresh) known->second = now;
    // A late one of the same life stamps again what it stamped.
    const bool late = known->second.ordinal == o && known->second.life == now.life &&
                      world_.volumes[o].identity &&
                      world_.volumes[o].identity->nonce == stamp.identity.nonce;
    if (known->second != now && !late)
        report("S5", name(Ordinal{o}) + " stamps its volume with a nonce that was used before");
}

bool Oracles::somebody_served_just_now() const {
    return std::any_of(served_at_.begin(), served_at_.end(), [&](Instant at) {
        return at != Instant{} && at + unknowable > world_.kernel.now;
    });
}

// S6: what no other volume holds is not moved away. A majority that lost its volumes is forgiven
// what it acknowledged; what is left of it on a voter's honest volume is all there is to rebuild
// from. So is what a member that was removed left on its own, unless the others have only just lost
// theirs.
void Oracles::setting_aside(std::uint8_t o) {
    const auto& data = world_.volumes[o].data;
    if (!data) return;
    ++findings_.counts.set_aside;
    std::vector<bool> elsewhere(owed_.size());
    for (std::uint8_t other = 0; other < Network::size; ++other) {
        if (other == o || !world_.volumes[other].data) continue;
        for (const LogEntry& entry : world_.volumes[other].data->log)
            if (entry.kind == EntryKind::write && entry.payload < elsewhere.size())
                elsewhere[entry.payload] = true;
    }
    const bool votes = std::find(last_voters_.begin(), last_voters_.end(), o) != last_voters_.end();
    const bool was_member = ran_.count(data->id.value) > 0;
    if (!lost_[o] && !votes && was_member) ++findings_.counts.left_behind;
    const bool survives = !lost_[o] && (votes || (was_member && !somebody_served_just_now()));
    std::vector<std::uint64_t> only_here;
    for (const LogEntry& entry : data->log)
        if (entry.kind == EntryKind::write && entry.payload < owed_.size() &&
            (owed_[entry.payload] || (saved_[entry.payload] && survives)) &&
            !elsewhere[entry.payload])
            only_here.push_back(entry.payload);
    if (!only_here.empty())
        report("S6", name(Ordinal{o}) + " sets aside the only copy of " +
                         std::to_string(only_here.size()) + " acknowledged writes");
}

// S7: the order to rebuild names the survivor that has most of those that told, and somebody
// approved this very plan, or it costs nobody anything because one replica is desired.
void Oracles::writing(std::uint8_t agent, const WriteRecord& write) {
    const auto& now = world_.store.record;
    if (now && !is_founded(*now) && write.record.stage == RecordStage::forming)
        naming_founders(agent);
    if (!now || now->rebuild || !write.record.rebuild || write.expected != now->revision) return;
    ++findings_.counts.orders;
    const Rebuild& order = *write.record.rebuild;
    // One that is put back, over a record from before it, rests on what was told until then.
    const bool is_next = write.record.revision.value == now->revision.value + 1;
    const auto& told = is_next ? now->replicas : write.record.replicas;
    const ReplicaEntry* chosen = told.find(order.survivor);
    for (const auto& [ordinal, entry] : told)
        if (entry.surviving &&
            (chosen == nullptr || !chosen->surviving || *chosen->surviving < *entry.surviving))
            report("S7", name(order.survivor) + " is to be rebuilt from, and " + name(ordinal) +
                             " has more");
    const bool approved =
        std::find(approved_.begin(), approved_.end(),
                  Approval{now->epoch, order.survivor, order.position}) != approved_.end();
    if (!approved && world_.store.desired.replicas != 1 && !scaled_lately())
        report("S7", "nobody approved the rebuild from " + name(order.survivor));
}

void Oracles::approved(const ClusterRecord& record, Ordinal survivor, LogPosition position) {
    approved_.push_back({record.epoch, survivor, position});
}

// S8: no revision is handed out twice.
void Oracles::rebuilding(std::uint8_t o, const RebuildEtcd& how) {
    const Volume& volume = world_.volumes[o];
    if (!volume.data || !volume.identity || volume.identity->epoch == how.epoch) return;
    ++findings_.counts.rebuilds;
    for (std::uint8_t other = 0; other < Network::size; ++other) {
        const EtcdData* old = world_.cluster.data(other);
        const bool told = world_.network.linked(o, other) &&
                          world_.network.linked_since(o, other) + unknowable < world_.kernel.now;
        const Process& p = world_.cluster.process(other);
        if (other != o && told && old != nullptr && old->cluster == volume.data->cluster &&
            p.answers() && p.up_since + unknowable < world_.kernel.now)
            report("S3", name(Ordinal{o}) + " is rebuilt while " + name(Ordinal{other}) +
                             " runs in the epoch before");
    }
    const auto writes =
        std::count_if(volume.data->log.begin(), volume.data->log.end(),
                      [](const LogEntry& entry) { return entry.kind == EntryKind::write; });
    const std::int64_t first =
        static_cast<std::int64_t>(volume.data->revision_base + how.bump.value) + writes + 1;
    if (first <= highest_.value)
        report("S8", "rebuilt from " + name(Ordinal{o}) + " the cluster begins at revision " +
                         std::to_string(first) + " after " + std::to_string(highest_.value) +
                         " was acknowledged");
}

// S13: the leader is defragmented last.
void Oracles::defragmenting(std::uint8_t o) {
    ++findings_.counts.defragmented;
    defragmented_at_[o] = world_.kernel.now;
    if (world_.cluster.able_leader() != o) return;
    if (leads_since_[o] + unknowable > world_.kernel.now) return;  // nobody can know of it yet
    for (const View& view : world_.cluster.process(o).conf) {
        const Process& p = world_.cluster.process(view.ordinal);
        const EtcdData* data = world_.cluster.data(view.ordinal);
        const Instant done = defragmented_at_[view.ordinal];
        if (view.ordinal == o || !p.answers() || data->file_mib <= p.freeable_mib + p.stored_mib)
            continue;
        if (done == Instant{} || done + minutes(1) < world_.kernel.now)
            report("S13", "the leader is defragmented before " + name(Ordinal{view.ordinal}));
    }
}

// S11: who changes the cluster holds authority at this instant. S12: and knows its members.
// S13: no accused member's data is in use when its alarm is taken back.
void Oracles::changing(std::uint8_t agent, const Command& command, Fence fence) {
    ++findings_.counts.fenced;
    if (!world_.store.holds(agent, fence, world_.kernel.now))
        report("S11", name(Ordinal{agent}) +
                          " changes the cluster without authority: " + name_of(command.body));
    const auto leader = world_.cluster.able_leader();
    if (!leader) return;
    const std::vector<View>& conf = world_.cluster.process(*leader).conf;
    if (const auto* disarm = std::get_if<DisarmCorrupt>(&command.body))
        for (const View& view : conf)
            if (std::find(disarm->accused.begin(), disarm->accused.end(), view.id) !=
                disarm->accused.end())
                report("S13",
                       "CORRUPT is disarmed while the accused " + hex(view.id) + " is a member");
    if (const auto* remove = std::get_if<RemoveMember>(&command.body))
        for (const View& view : conf)
            if (view.id == remove->member_id && !view.learner) check_evidence_of_loss(agent, view);
    const bool members = std::holds_alternative<AddLearner>(command.body) ||
                         std::holds_alternative<PromoteMember>(command.body) ||
                         std::holds_alternative<RemoveMember>(command.body);
    const auto& list = world_.agents[agent]->state().facts.list;
    if (!members || !list) return;
    const auto is_so = [&list](const std::vector<View>& views) {
        return list->members.size() == views.size() &&
               std::all_of(views.begin(), views.end(), [&](const View& view) {
                   return std::any_of(list->members.begin(), list->members.end(),
                                      [&](const auto& one) {
                                          return one.id == view.id && one.learner == view.learner;
                                      });
               });
    };
    // A leader that defragments, or is slow, applies later than the member that answered.
    bool same = false;
    const std::uint64_t applied = world_.cluster.process(*leader).applied;
    const ClusterId cluster = world_.cluster.data(*leader)->cluster;
    for (std::uint8_t o = 0; o < Network::size; ++o) {
        const Process& member = world_.cluster.process(o);
        const EtcdData* data = world_.cluster.data(o);
        if (member.up() && data != nullptr && data->cluster == cluster && member.applied >= applied)
            same |= is_so(member.conf);
    }
    // What a person did while the agent stood still, it learns once it runs again.
    const Instant runs_since = world_.agents[agent]->runs_since();
    const bool surprised = world_.by_hand_at != Instant{} &&
                           std::max(runs_since, world_.by_hand_at) + unknowable > world_.kernel.now;
    if (!same && !surprised)
        report("S12", name(Ordinal{agent}) + " changes the members on a list that is not so: " +
                          name_of(command.body));
}

bool Oracles::scaled_lately() const {
    return desired_seen_ != world_.store.desired.replicas ||
           scaled_at_ + world_.config.policy.authority_ttl + unknowable > world_.kernel.now;
}

// S12: a desired voter whose volume is whole goes only after it was silent for its limit.
void Oracles::check_evidence_of_loss(std::uint8_t agent, const View& target) {
    if (scaled_lately()) return;
    const std::uint8_t o = target.ordinal;
    if (world_.store.desired.replicas == 0)
        return report("S12", hex(target.id) + " is removed from a cluster that is paused");
    const auto& data = world_.volumes[o].data;
    const ReplicaEntry* entry =
        world_.store.record ? world_.store.record->replicas.find(Ordinal{o}) : nullptr;
    const bool whole = data && data->id == target.id && !lost_[o] && entry != nullptr &&
                       entry->claim == VolumeClaim::holding;
    const bool doubted =
        std::any_of(world_.volumes.begin(), world_.volumes.end(),
                    [](const Volume& volume) { return volume.data && volume.data->changed != 0; });
    const auto leader = world_.cluster.able_leader();
    const bool accused = leader && !world_.cluster.process(*leader).accused.empty();
    if (o >= world_.store.desired.replicas || !whole || doubted || accused) return;
    // Who could not read the record judged by an older one, and learns better by the next answer.
    if (store_cut_at_[agent] + world_.config.policy.unresponsive_after > world_.kernel.now) return;
    // Who did not hear it, or heard it between two probes, may take it for silent.
    const Instant lately = world_.kernel.now - Span{world_.config.policy.unresponsive_after.us / 2};
    const bool heard = world_.network.linked(agent, o) &&
                       world_.network.linked_since(agent, o) < lately && steady_at_[o] > lately;
    if (heard)
        report("S12", name(Ordinal{o}) + " is removed, and served " +
                          std::to_string((world_.kernel.now - steady_at_[o]).us / 1'000'000) +
                          " s ago");
}

// L3: a repair costs no election that it could have avoided.
void Oracles::check_succession(std::uint8_t leader, MemberId target) {
    const EtcdData* data = world_.cluster.data(leader);
    if (data == nullptr || data->id != target) return;
    // One that leads since an instant ago, or woke then, may not be known to lead.
    const Instant since = std::max(leads_since_[leader], serves_since_[leader]);
    if (serves_since_[leader] == Instant{} || since + unknowable > world_.kernel.now) return;
    for (const View& view : world_.cluster.process(leader).conf)
        if (view.ordinal != leader && !view.learner && world_.cluster.serves(view.ordinal))
            return report("L3", "the leader " + hex(target) + " is removed although " +
                                    name(Ordinal{view.ordinal}) + " could lead");
}

}  // namespace quorate::sim
