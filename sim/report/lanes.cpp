#include "sim/report/lanes.hpp"

#include <algorithm>
#include <cstdio>

#include "core/explain.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

struct Lane {
    const char* name;
    std::size_t width;     // of one cell, without the space after it
    bool of_each_replica;  // one cell each
};
constexpr Lane time_lane{"time", 9, false};
constexpr Lane api_lane{"API", 8, false};
constexpr Lane pods_lane{"pods", 1, true};
constexpr Lane members_lane{"members", 9, true};
constexpr Lane disks_lane{"disks", 1, true};
constexpr Lane agents_lane{"agents", 10, true};
constexpr Lane authority_lane{"authority", 15, false};
constexpr Lane faults_lane{"faults", 10, false};
constexpr Lane what_lane{"what", 0, false};

// Letters stand side by side; words have a space between them.
std::size_t width_of(const Lane& lane, std::size_t replicas) {
    if (!lane.of_each_replica) return lane.width;
    const std::size_t each = lane.width == 1 ? replicas : replicas * (lane.width + 1) - 1;
    return std::max(each, std::string_view(lane.name).size());
}

std::string fitted(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text + " ";
}

std::string cut(const std::string& text, std::size_t width) {
    return text.size() <= width ? text : text.substr(0, width - 1) + "~";
}

std::string number_of(const Ordinal& ordinal) { return std::to_string(ordinal.value); }

char pod_of(const World& world, std::uint8_t o) {
    const Pod& pod = world.pods[o];
    if (pod.held) return 'h';
    switch (pod.phase) {
        case Pod::Phase::absent:
            return '.';
        case Pod::Phase::starting:
            return 's';
        case Pod::Phase::running:
            return world.agents[o]->frozen() ? 'z' : world.agents[o]->alive() ? 'A' : 'x';
        case Pod::Phase::terminating:
            return 'T';
        case Pod::Phase::waiting:
            return 'w';
    }
    return '?';
}

char role_of(const World& world, std::uint8_t o) {
    const Process& process = world.cluster.process(o);
    const EtcdData* data = world.cluster.data(o);
    if (process.life == Life::down) return data == nullptr ? '.' : 'x';
    if (process.life == Life::booting) return 'b';
    if (process.frozen) return 'z';
    if (process.role == Role::leader) return 'L';
    if (process.role == Role::candidate) return 'C';
    const bool learns =
        data != nullptr &&
        std::any_of(process.conf.begin(), process.conf.end(),
                    [&](const View& view) { return view.id == data->id && view.learner; });
    return learns ? 'l' : 'F';
}

char disk_of(const World& world, std::uint8_t o) {
    const Volume& volume = world.volumes[o];
    if (!volume.data) return '.';
    if (volume.data->damage != Damage::none || volume.data->changed != 0) return '!';
    if (world.oracles.lost(o)) return '~';
    const ReplicaEntry* entry =
        world.store.record ? world.store.record->replicas.find(Ordinal{o}) : nullptr;
    const bool known =
        entry != nullptr && volume.identity && volume.identity->ordinal == Ordinal{o} &&
        (volume.identity->nonce == entry->nonce || volume.identity->nonce == entry->nonce_next);
    return known ? '=' : '?';
}

ReplicaGlimpse replica_of(const World& world, std::uint8_t o) {
    ReplicaGlimpse glimpse;
    glimpse.pod = pod_of(world, o);
    glimpse.role = role_of(world, o);
    glimpse.disk = disk_of(world, o);
    if (const EtcdData* data = world.cluster.data(o)) {
        glimpse.term = data->term;
        glimpse.applied =
            world.cluster.process(o).up() ? world.cluster.process(o).applied : data->commit;
    }
    if (!world.agents[o]->alive()) return glimpse;
    const State& state = world.agents[o]->state();
    glimpse.phase = phase_name(Machine::replica, static_cast<std::uint8_t>(state.replica.phase));
    glimpse.authority = world.store.holds(o, state.authority.fence, world.kernel.now);
    return glimpse;
}

std::string work_of(std::uint8_t o, const State& state) {
    const std::string name = std::to_string(int{o}) + " ";
    if (state.repair.phase == RepairPhase::idle)
        return name + phase_name(Machine::cluster, static_cast<std::uint8_t>(state.cluster.phase));
    return name + number_of(state.repair.ordinal) + ":" +
           phase_name(Machine::repair, static_cast<std::uint8_t>(state.repair.phase));
}

std::string member_cell(const ReplicaGlimpse& one) {
    if (one.role == '.') return ".";
    char cell[48];
    const std::string role = one.role + std::to_string(one.term);
    std::snprintf(cell, sizeof cell, "%-3s %5llu", role.c_str(),
                  static_cast<unsigned long long>(one.applied));
    return cell;
}

std::string agent_cell(const ReplicaGlimpse& one) {
    if (one.phase.empty()) return "-";
    return cut(one.phase, agents_lane.width - 1) + (one.authority ? "*" : "");
}

template <class Cell>
std::string cells(const Lane& lane, const Glimpse& glimpse, Cell cell) {
    std::string text;
    for (const ReplicaGlimpse& one : glimpse.replicas) {
        if (lane.width > 1 && !text.empty()) text += ' ';
        std::string part = cell(one);
        part.resize(std::max(part.size(), lane.width), ' ');
        text += part;
    }
    return fitted(text, width_of(lane, glimpse.replicas.size()));
}

std::string trimmed(std::string text) {
    text.resize(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

// Also those that are no longer desired and still there.
std::size_t replicas_in(const World& world) {
    std::size_t count = world.store.desired.replicas;
    for (std::uint8_t o = 0; o < World::size; ++o)
        if (world.pods[o].phase != Pod::Phase::absent || world.cluster.data(o) != nullptr)
            count = std::max<std::size_t>(count, o + 1U);
    return count;
}

}  // namespace

bool Glimpse::same(const Glimpse& other) const {
    return desired == other.desired && work == other.work && faults == other.faults &&
           std::equal(replicas.begin(), replicas.end(), other.replicas.begin(),
                      other.replicas.end(),
                      [](const ReplicaGlimpse& a, const ReplicaGlimpse& b) { return a.same(b); });
}

Glimpse glimpse_of(const World& world, std::size_t replicas) {
    Glimpse glimpse;
    glimpse.at = world.kernel.now;
    glimpse.record = world.store.record ? world.store.record->revision.value : 0;
    glimpse.desired = world.store.desired.replicas;
    glimpse.faults = world.faults.active_ids();
    for (std::uint8_t o = 0; o < replicas; ++o) {
        glimpse.replicas.push_back(replica_of(world, o));
        if (glimpse.replicas.back().authority) glimpse.work = work_of(o, world.agents[o]->state());
    }
    return glimpse;
}

std::string legend() {
    return "API      revision of the record / replicas desired\n"
           "pods     . none  s starting  A agent runs  z agent frozen  x agent ended  w waits to "
           "start again  T terminating  h held back\n"
           "members  L leader  F follower  C candidate  l learner  b booting  z frozen  x down, "
           "with its term; entries applied  . no data\n"
           "disks    = as the record knows it  ? not (yet)  ~ its history is lost to a fault  "
           "! damaged, or values changed  . no data\n"
           "agents   phase of the replica  * holds authority  - does not run\n";
}

std::string lanes_heading(std::size_t replicas) {
    std::string text;
    for (const Lane& lane : {time_lane, api_lane, pods_lane, members_lane, disks_lane, agents_lane,
                             authority_lane, faults_lane, what_lane})
        text += fitted(lane.name, width_of(lane, replicas));
    return trimmed(text);
}

std::string lanes_line(const Glimpse& glimpse, const std::string& what) {
    char time[32];
    std::snprintf(time, sizeof time, "%9.3f", static_cast<double>(glimpse.at.us) / 1e6);
    std::string text = fitted(time, time_lane.width);
    text += fitted(std::to_string(glimpse.record) + "/" + std::to_string(glimpse.desired),
                   api_lane.width);
    text += cells(pods_lane, glimpse, [](const auto& one) { return std::string(1, one.pod); });
    text += cells(members_lane, glimpse, member_cell);
    text += cells(disks_lane, glimpse, [](const auto& one) { return std::string(1, one.disk); });
    text += cells(agents_lane, glimpse, agent_cell);
    text += fitted(cut(glimpse.work, authority_lane.width), authority_lane.width);
    text += fitted(cut(glimpse.faults, faults_lane.width), faults_lane.width);
    const std::size_t room = columns_max > text.size() ? columns_max - text.size() : 0;
    return trimmed(text + cut(what, std::max<std::size_t>(room, 20)));
}

void Lanes::said(const World& world, const std::string& line) {
    if (!news_.empty()) draw(glimpse_of(world, replicas_in(world)));
    news_ = line;
}

void Lanes::decided(const World&, std::uint8_t o, const Event&, const Decision& decision) {
    rules_ = "r" + std::to_string(int{o});
    for (const RuleHit& hit : decision.hits)
        if (hit.verdict == Verdict::taken) rules_ += " " + rule_name(hit.rule);
    bool acts = false;
    for (const Command& command : decision.commands) {
        if (!has_outcome(command.body)) continue;
        rules_ += std::string(acts ? " " : " -> ") + name_of(command.body);
        acts = true;
    }
    if (acts) news_ += (news_.empty() ? "" : "; ") + rules_;
}

void Lanes::happened(const World& world, const Happening&) {
    const Glimpse now = glimpse_of(world, replicas_in(world));
    if (!news_.empty() || !now.same(shown_)) draw(now);
    rules_.clear();
}

void Lanes::draw(const Glimpse& now) {
    if (lines_++ % heading_every == 0 || now.replicas.size() != shown_.replicas.size())
        into_ += lanes_heading(now.replicas.size());
    into_ += lanes_line(now, news_.empty() ? rules_ : news_);
    news_.clear();
    shown_ = now;
}

}  // namespace quorate::sim
