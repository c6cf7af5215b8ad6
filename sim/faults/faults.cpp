#include "sim/faults/faults.hpp"

#include <algorithm>

namespace quorate::sim {
namespace {

constexpr auto kinds = static_cast<std::size_t>(Fault::count_);

}  // namespace

const char* name_of(Fault fault) {
    switch (fault) {
        case Fault::kill_etcd:
            return "kill-etcd";
        case Fault::kill_agent:
            return "kill-agent";
        case Fault::delete_pod:
            return "delete-pod";
        case Fault::crash_point:
            return "crash-point";
        case Fault::wipe:
            return "wipe";
        case Fault::roll_back:
            return "roll-back";
        case Fault::swap:
            return "swap";
        case Fault::clone:
            return "clone";
        case Fault::isolate:
            return "isolate";
        case Fault::one_way:
            return "one-way";
        case Fault::store_cut:
            return "store-cut";
        case Fault::heal:
            return "heal";
        case Fault::freeze:
            return "freeze";
        case Fault::hold:
            return "hold";
        case Fault::release:
            return "release";
        case Fault::scale:
            return "scale";
        case Fault::lost_answers:
            return "lost-answers";
        case Fault::count_:
            break;
    }
    return "?";
}

Swarm::Swarm(World& world) : world_(world) {
    for (std::uint32_t& weight : weights_)
        if (draw(100) < 45) weight = 1U << draw(6);
    // What ends a fault is always possible, else a life is one long outage.
    weights_[static_cast<std::size_t>(Fault::heal)] = 8;
    weights_[static_cast<std::size_t>(Fault::release)] = 8;
    losses_left_ = static_cast<std::uint32_t>(draw(6));
    many_and_short_ = draw(2) == 0;
}

std::string Swarm::live_kinds() const {
    std::string text;
    for (std::size_t i = 0; i < kinds; ++i)
        if (weights_[i] > 0)
            text += std::string(text.empty() ? "" : " ") + name_of(static_cast<Fault>(i)) + ":" +
                    std::to_string(weights_[i]);
    return text;
}

Span Swarm::next_gap() {
    return many_and_short_ ? milliseconds(static_cast<std::int64_t>(100 + draw(4'000)))
                           : milliseconds(static_cast<std::int64_t>(2'000 + draw(40'000)));
}

std::uint8_t Swarm::some_replica() {
    const std::uint32_t wanted = std::max(world_.store.desired.replicas, 1U);
    return static_cast<std::uint8_t>(draw(std::min<std::uint32_t>(wanted, World::size)));
}

void Swarm::act() {
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights_)
        sum += weight;
    std::uint64_t at = draw(sum);
    for (std::size_t i = 0; i < kinds; ++i) {
        if (at < weights_[i]) return inject(static_cast<Fault>(i));
        at -= weights_[i];
    }
}

void Swarm::inject(Fault fault) {
    const std::uint8_t one = some_replica();
    const std::uint8_t other = some_replica();
    const bool loses = fault == Fault::wipe || fault == Fault::roll_back || fault == Fault::swap ||
                       fault == Fault::clone;
    if (loses && losses_left_ == 0) return;
    if ((fault == Fault::swap || fault == Fault::clone) && one == other) return;
    if (loses) --losses_left_;
    ++injected_;
    if (world_.config.trace)
        world_.print(std::string("FAULT ") + name_of(fault) + " " + std::to_string(int{one}) + " " +
                     std::to_string(int{other}));
    world_.kernel.note(static_cast<std::uint64_t>(fault) << 8 | one);
    static constexpr const char* boundaries[] = {"",
                                                 "WriteRecord",
                                                 "StampVolume",
                                                 "StartEtcd",
                                                 "AddLearner",
                                                 "RemoveMember",
                                                 "PromoteMember",
                                                 "SetAsideData",
                                                 "AcquireAuthority"};
    switch (fault) {
        case Fault::kill_etcd:
            return world_.kill_etcd(one);
        case Fault::kill_agent:
            return world_.kill_agent(one);
        case Fault::delete_pod:
            return world_.delete_pod(one);
        case Fault::crash_point:
            return world_.agents[one]->plan_crash(
                {static_cast<CrashPoint>(1 + draw(3)), boundaries[draw(std::size(boundaries))]});
        case Fault::wipe:
            return world_.wipe(one);
        case Fault::roll_back:
            // Half of the time a point to come back to, half of the time the way back.
            if (draw(2) == 0) {
                ++losses_left_;
                return world_.save(one);
            }
            if (!world_.roll_back(one)) ++losses_left_;
            return;
        case Fault::swap:
            return world_.swap(one, other);
        case Fault::clone:
            return world_.clone(one, other);
        case Fault::isolate: {
            std::vector<std::uint8_t> rest;
            for (std::uint8_t o = 0; o < World::size; ++o)
                if (o != one) rest.push_back(o);
            return world_.partition({{one}, rest});
        }
        case Fault::one_way:
            world_.network.cut(one, other);
            return world_.cluster.touch();
        case Fault::store_cut:
            return world_.cut_store(one, true);
        case Fault::heal:
            return world_.heal();
        case Fault::freeze:
            return world_.freeze(one, true);
        case Fault::hold:
            return world_.hold(one, true);
        case Fault::release:
            for (std::uint8_t o = 0; o < World::size; ++o) {
                world_.hold(o, false);
                if (world_.cluster.process(o).frozen) world_.freeze(o, false);
                world_.agents[o]->freeze(false);
            }
            return;
        case Fault::scale: {
            static constexpr std::uint32_t sizes[] = {1, 3, 5, 2, 3, 4, 0, 3, 7};
            return world_.scale(sizes[draw(std::size(sizes))]);
        }
        case Fault::lost_answers:
            return world_.lose_answers(static_cast<std::uint32_t>(draw(2) * 10));
        case Fault::count_:
            return;
    }
}

}  // namespace quorate::sim
