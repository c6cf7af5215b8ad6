// The faults of the network, the DNS, the API and the host that last: what the replicas suffer
// from, computed anew from what is active.
#include <algorithm>

#include "core/base/mix.hpp"
#include "sim/faults/episodes.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

bool on(std::uint16_t side, std::uint8_t o) { return (side >> o & 1U) != 0; }

// How many of all are before it in the order that this number draws.
std::int64_t place(std::uint64_t order, std::uint8_t o) {
    std::int64_t before = 0;
    for (std::uint8_t other = 0; other < World::size; ++other)
        before += mix(order, other) < mix(order, o) ? 1 : 0;
    return before;
}

// One replica after another is cut off in the first half, and found again in the second, in other
// orders.
Span swizzled_for(const Episode& episode) {
    return episode.lasts.us > 0 ? episode.lasts : seconds(20);
}
bool clogs(const Episode& episode, Span since, std::uint8_t o) {
    const Span step{swizzled_for(episode).us / 2 / World::size};
    const std::uint64_t order = episode.number;
    const Span from = step * place(order, o);
    const Span until = step * (World::size + place(mix(order, 1), o));
    return from <= since && since < until;
}

bool cuts(const Episode& episode, Span since, std::uint8_t from, std::uint8_t to) {
    if (episode.fault == Fault::swizzle)
        return clogs(episode, since, from) || clogs(episode, since, to);
    if (episode.fault == Fault::half_open || episode.fault == Fault::one_way)
        return episode.one == from && episode.other == to;
    // Nobody finds it; or it finds nobody, nor the API.
    if (episode.fault == Fault::unnamed) return episode.one == to;
    if (episode.fault == Fault::no_names) return episode.one == from;
    if (episode.fault != Fault::partition) return false;
    return (on(episode.left, from) && on(episode.right, to)) ||
           (on(episode.right, from) && on(episode.left, to));
}

}  // namespace

// Looks again at each of its steps.
void Episodes::step_by_step(const Episode& episode) {
    const Span whole = swizzled_for(episode);
    for (std::int64_t step = 1; step <= 2 * World::size; ++step) {
        Happening next;
        next.kind = Kind::fault;
        next.payload = next_step;
        world_.kernel.schedule(Span{whole.us / 2 / World::size} * step, next);
    }
}

void Episodes::take_next_step() {
    const bool active = std::any_of(active_.begin(), active_.end(), [](const Active& one) {
        return one.episode.fault == Fault::swizzle;
    });
    if (!active) return;
    strikes_late(Fault::swizzle);
    refresh_network();
}

void Episodes::refresh_network() {
    world_.cluster.wake();
    Network& network = world_.network;
    Network::Weather weather;
    bool moved = false;
    for (std::uint8_t from = 0; from < World::size; ++from) {
        for (std::uint8_t to = 0; to < World::size; ++to) {
            const bool cut = from != to &&
                             (!world_.names.finds(from, to) ||
                              std::any_of(active_.begin(), active_.end(), [&](const Active& one) {
                                  return cuts(one.episode, world_.kernel.now - one.since, from, to);
                              }));
            if (cut == !network.hears(from, to)) continue;
            moved = true;
            if (cut)
                network.cut(from, to);
            else
                network.mend(from, to, world_.kernel.now);
        }
        const bool away = std::any_of(active_.begin(), active_.end(), [&](const Active& one) {
            return one.episode.fault == Fault::api_outage ||
                   ((one.episode.fault == Fault::cut_store ||
                     one.episode.fault == Fault::no_names) &&
                    one.episode.one == from);
        });
        network.swallow(from, is_active(Fault::blackhole, from));
        world_.names.silence(from, is_active(Fault::no_names, from));
        const bool expired = is_active(Fault::expired, from);
        moved |= expired != network.expired(from);
        network.expire(from, expired, world_.kernel.now);
        if (away == !network.reaches_store(from)) continue;
        world_.cut_store(from, away);
    }
    for (const Active& active : active_) {
        const Episode& e = active.episode;
        if (e.fault == Fault::loss) weather.lost = std::max(weather.lost, e.number);
        if (e.fault == Fault::duplicate) weather.twice = std::max(weather.twice, e.number);
        if (e.fault == Fault::delay)
            weather.later = std::max(weather.later, milliseconds(std::int64_t{e.number}));
        if (e.fault == Fault::bandwidth)
            weather.entries_a_second = weather.entries_a_second == 0
                                           ? e.number
                                           : std::min(weather.entries_a_second, e.number);
    }
    network.weather = weather;
    if (moved) world_.cluster.touch();
}

void Episodes::refresh_names() {
    Names::Trouble trouble;
    for (const Active& active : active_) {
        const Episode& e = active.episode;
        const Span span = seconds(std::int64_t{e.number});
        if (e.fault == Fault::stale_name)
            trouble.stale[e.one] = std::max(trouble.stale[e.one], span);
        if (e.fault == Fault::failing_names) trouble.failing = std::max(trouble.failing, e.number);
        if (e.fault == Fault::slow_names) trouble.slow = std::max(trouble.slow, span);
    }
    if (trouble != world_.names.trouble) world_.trouble_names(trouble);
}

void Episodes::refresh_api() {
    Api::Trouble trouble;
    for (const Active& active : active_) {
        const Episode& e = active.episode;
        const Span span = seconds(std::int64_t{e.number});
        if (e.fault == Fault::stale_cache) {
            Span& lag = trouble.lag[Api::numbered(e.one)];
            lag = std::max(lag, span);
        }
        if (e.fault == Fault::batched)
            trouble.batched[e.one] = std::max(trouble.batched[e.one], span);
        if (e.fault == Fault::api_busy) trouble.busy = std::max(trouble.busy, e.number);
        if (e.fault == Fault::repeated) trouble.repeated = std::max(trouble.repeated, e.number);
        trouble.forbidden[e.one] |= e.fault == Fault::forbidden;
        trouble.gone |= e.fault == Fault::watch_gone;
    }
    if (trouble != world_.api.trouble) world_.trouble_api(trouble);
}

void Episodes::refresh_host() {
    HostTrouble trouble;
    for (const Active& active : active_) {
        const Episode& e = active.episode;
        trouble.unbound[e.one] |= e.fault == Fault::unbound;
        trouble.stuck[e.one] |= e.fault == Fault::stuck_claim;
        trouble.attached[e.one] |= e.fault == Fault::multi_attach;
        trouble.no_image[e.one] |= e.fault == Fault::no_image;
        trouble.drained[e.one] |= e.fault == Fault::drain;
        trouble.shadowed[e.one] |= e.fault == Fault::force_delete;
        trouble.no_set |= e.fault == Fault::orphan_set;
        trouble.rolling |= e.fault == Fault::rollout || e.fault == Fault::quota;
        if (e.fault == Fault::readiness) trouble.readiness[e.one] = e.number != 0;
    }
    if (trouble != world_.host) world_.trouble_host(trouble);
}

}  // namespace quorate::sim
