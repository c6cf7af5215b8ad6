// The faults of volumes, processes and clocks that last: what each replica suffers from, computed
// anew from what is active, and handed to those who feel it.
#include <algorithm>

#include "core/rules/etcd_versions.hpp"
#include "core/rules/quorum.hpp"
#include "sim/faults/episodes.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// At its first tick: it never answers.
constexpr Span crashes_after = microseconds(1);

// One that neither continues what the data says nor is the release after it: no agent may run it.
bool is_wrong(Version binary, const EtcdData* data) {
    if (data == nullptr || data->cluster_version == Version{}) return false;
    return minor_of(binary) < data->cluster_version ||
           minor_of(binary) > minor_after(data->cluster_version);
}

}  // namespace

bool Episodes::is_active(Fault fault, std::uint8_t one) const {
    return std::any_of(active_.begin(), active_.end(), [&](const Active& active) {
        return active.episode.fault == fault && active.episode.one == one;
    });
}

// What needs something to befall.
bool Episodes::applies(const Episode& episode) const {
    const std::uint8_t one = episode.one;
    if (episode.fault == Fault::wrong_binary)
        return wrong_[one] == 0 && is_wrong(release_of(episode.number), world_.cluster.data(one));
    if (episode.fault == Fault::leftover)
        return world_.agents[one]->alive() && world_.cluster.process(one).life == Life::up;
    return true;
}

void Episodes::refresh_volumes() {
    std::array<Medium, World::size> media{};
    for (const Active& active : active_) {
        const Episode& e = active.episode;
        Medium& medium = media[e.one];
        if (e.fault == Fault::disk_errors) medium.errors = std::max(medium.errors, e.number);
        medium.read_only |= e.fault == Fault::read_only;
        medium.full |= e.fault == Fault::full_disk;
        medium.journal_full |= e.fault == Fault::full_journal;
        if (e.fault == Fault::slow_disk)
            medium.slow = std::max(medium.slow, milliseconds(std::int64_t{e.number}));
    }
    for (std::uint8_t o = 0; o < World::size; ++o)
        world_.cluster.set_medium(o, media[o]);
}

void Episodes::refresh_processes() {
    std::array<Surroundings, World::size> around{};
    std::array<std::uint32_t, World::size> wrong{};
    std::array<std::int64_t, World::size> pace;
    pace.fill(Agent::usual_pace);
    bool auth = false;
    for (const Active& active : active_) {
        const Episode& e = active.episode;
        Surroundings& one = around[e.one];
        one.port_taken |= e.fault == Fault::port_taken;
        one.no_files |= e.fault == Fault::no_files;
        if (e.fault == Fault::slow_apply) one.applies = e.number;
        if (e.fault == Fault::slow_defrag) one.defrag_takes = seconds(std::int64_t{e.number});
        if (e.fault == Fault::clock_fast) pace[e.one] = Agent::usual_pace + std::int64_t{e.number};
        if (e.fault == Fault::clock_slow) pace[e.one] = Agent::usual_pace - std::int64_t{e.number};
        if (e.fault == Fault::out_of_memory && one.lives_at_most == Span{}) {
            one.lives_at_most = seconds(std::int64_t{e.number});
            one.ends_as = ExitClass::killed;
        }
        if (e.fault == Fault::crash_loop) {
            one.lives_at_most = crashes_after;
            one.ends_as = ExitClass::unknown;
        }
        if (e.fault == Fault::wrong_binary) wrong[e.one] = e.number;
        auth |= e.fault == Fault::auth;
    }
    world_.cluster.ask_for_passwords(auth);
    for (std::uint8_t o = 0; o < World::size; ++o) {
        Agent& agent = *world_.agents[o];
        if (around[o] != world_.cluster.surroundings(o)) world_.cluster.surround(o, around[o]);
        agent.tell_twice(is_active(Fault::tell_twice, o));
        if (is_active(Fault::stop_clock, o)) pace[o] = Agent::standing_pace;
        if (pace[o] != agent.pace()) agent.set_pace(pace[o]);
        const bool left_over = is_active(Fault::leftover, o);
        if (left_over && !left_over_[o]) agent.leave_etcd();
        if (!left_over && left_over_[o] && !agent.alive()) world_.cluster.end(o, ExitClass::killed);
        left_over_[o] = left_over;
        refresh_binary(o, wrong[o]);
    }
}

// Only what changes: an upgrade meanwhile is another's.
void Episodes::refresh_binary(std::uint8_t o, std::uint32_t release) {
    if (release == wrong_[o]) return;
    if (wrong_[o] == 0) right_[o] = world_.cluster.binary(o);
    wrong_[o] = release;
    world_.upgrade(o, release == 0 ? right_[o] : release_of(release));
}

std::string Episodes::still_suffers(std::uint8_t o) const {
    const Medium& medium = world_.cluster.medium(o);
    if (!medium.sound() || medium.slow != Span{}) return "still has a volume that suffers";
    if (world_.cluster.surroundings(o) != Surroundings{}) return "still has an etcd that suffers";
    if (world_.network.expired(o)) return "still has a certificate of no use";
    if (world_.agents[o]->halted()) return "still has an agent that met what it does not know";
    if (world_.network.swallows(o, o)) return "is still sent nothing that is large";
    if (world_.agents[o]->pace() != Agent::usual_pace) return "still has a clock of its own pace";
    if (world_.agents[o]->tells_twice()) return "is still told all twice";
    if (left_over_[o]) return "still has an etcd that is left over";
    return wrong_[o] != 0 ? "still has the wrong etcd" : "";
}

bool Episodes::wipe_most(std::uint8_t first) {
    const std::uint32_t replicas = world_.store.desired.replicas;
    if (replicas == 0) return false;
    for (std::uint32_t i = 0; i < quorum(replicas); ++i)
        world_.wipe(static_cast<std::uint8_t>((first + i) % replicas));
    return true;
}

void Episodes::delete_what_filled() {
    if (!deletes_) return;
    const auto leader = world_.cluster.able_leader();
    if (!leader) return;
    std::uint64_t wanted = 0;
    for (const Active& active : active_)
        if (active.episode.fault == Fault::store) wanted += active.episode.number;
    const std::uint64_t stored = world_.cluster.process(*leader).stored_mib;
    if (stored > wanted) world_.erase(stored - wanted);
}

}  // namespace quorate::sim
