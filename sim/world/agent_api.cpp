// The simulated agent's client of the host's API. It watches through the server it is connected to
// and hears what that one's cache shows, which may be older than what it heard before; when the
// watch ends it lists anew, perhaps elsewhere. What must be so now it asks the store itself.
#include <algorithm>

#include "sim/world/world.hpp"

namespace quorate::sim {
namespace {

// Between a watch that ended and the next list; also of one that was refused.
constexpr Span relist_least = milliseconds(800);
constexpr Span relist_most = seconds(3);
constexpr Span repeated_within = seconds(10);

}  // namespace

void Agent::store_changed() {
    if (!alive_) return;
    Happening next;
    next.kind = Kind::watch;
    next.target = self_;
    next.guard = life_;
    Span delay = world_.kernel.streams.between(self_, Purpose::watch_delay, milliseconds(1),
                                               milliseconds(60));
    const Span lag = world_.watch_lag[self_];
    if (lag.us > 0)
        delay = delay + world_.kernel.streams.between(self_, Purpose::weather, Span{}, lag);
    const Span batch = world_.api.trouble.batched[self_];
    if (batch.us > 0) delay = std::max(delay, Span{batch.us - world_.kernel.now.us % batch.us});
    world_.kernel.schedule(delay, next);
}

// Why the API refuses this agent's request, which it has then not carried out.
std::optional<Refused> Agent::api_refuses() const {
    const Api::Trouble& trouble = world_.api.trouble;
    if (!world_.network.reaches_store(self_))
        return Refused{Refusal::not_reachable, "no route to the store"};
    if (trouble.forbidden[self_]) {
        world_.faults.felt(Fault::forbidden);
        return Refused{Refusal::not_possible, "403 Forbidden"};
    }
    if (trouble.busy > 0 && world_.kernel.streams.chance(self_, Purpose::api, trouble.busy)) {
        world_.faults.felt(Fault::api_busy);
        return Refused{Refusal::too_many_requests, "429 Too Many Requests"};
    }
    return std::nullopt;
}

bool Agent::tell_desired(const std::optional<Desired>& desired) {
    if (!desired || told_desired_ == desired) return false;
    told_desired_ = desired;
    post(DesiredSeen{*desired});
    return true;
}

bool Agent::tell_record(const std::optional<ClusterRecord>& record) {
    const RecordRevision now = record ? record->revision : RecordRevision{};
    if (told_record_ && told_revision_ == now) return false;
    told_record_ = true;
    told_revision_ = now;
    post(RecordSeen{record, {}});
    return true;
}

// At the server it is connected to.
void Agent::look_at_api() {
    if (!world_.network.reaches_store(self_) || world_.api.trouble.forbidden[self_]) return;
    const Api::Version& shown = world_.api.shown_to(self_);
    if (shown.number < told_version_) world_.faults.felt(Fault::fail_over);
    if (shown.number > told_version_ + 1 && world_.api.trouble.batched[self_].us > 0)
        world_.faults.felt(Fault::batched);
    const std::uint64_t before = std::exchange(told_version_, shown.number);
    const bool desired = tell_desired(shown.desired);
    const bool news = tell_record(shown.record) || desired;
    if (news && !world_.api.shows_now(self_)) world_.faults.felt(Fault::stale_cache);
    const std::uint32_t repeated = world_.api.trouble.repeated;
    if (!news || before == 0 || repeated == 0 ||
        !world_.kernel.streams.chance(self_, Purpose::api, repeated))
        return;
    Happening again;
    again.kind = Kind::news_again;
    again.target = self_;
    again.guard = life_;
    again.payload = static_cast<std::uint32_t>(before);
    world_.kernel.schedule(
        world_.kernel.streams.between(self_, Purpose::api, milliseconds(1), repeated_within),
        again);
}

// A watch that begins too far back tells of what was, and then of all that came after it.
void Agent::hear_again(std::uint64_t number) {
    const Api::Version* version = world_.api.version(number);
    if (version == nullptr || !watching_ || world_.api.trouble.repeated == 0 ||
        !world_.api_admits(self_))
        return;
    const bool desired = tell_desired(version->desired);
    if (tell_record(version->record) || desired) world_.faults.felt(Fault::repeated);
    store_changed();
}

void Agent::relist_later() {
    watching_ = false;
    Happening next;
    next.kind = Kind::relist;
    next.target = self_;
    next.guard = life_;
    world_.kernel.schedule(
        world_.kernel.streams.between(self_, Purpose::api, relist_least, relist_most), next);
}

// Replicas begin at the servers in turn; later any will do, and any cache.
void Agent::relist() {
    const std::uint64_t any =
        told_version_ == 0 ? self_ : world_.kernel.streams.draw(self_, Purpose::api);
    world_.api.connect(self_, static_cast<std::uint8_t>(any % Api::instances));
    if (api_refuses()) return relist_later();
    const std::uint64_t before = told_version_;
    look_at_api();
    if (before != 0 && told_version_ != before) world_.faults.felt(Fault::drop_watch);
    watching_ = !world_.api.trouble.gone;
    if (watching_) return;
    world_.faults.felt(Fault::watch_gone);
    relist_later();
}

bool Agent::drop_watch() {
    if (!alive_ || !watching_) return false;
    relist_later();
    return true;
}

bool Agent::fail_over(std::uint8_t instance) {
    if (!alive_ || !watching_ || world_.api.instance_of(self_) == instance) return false;
    world_.api.connect(self_, instance);
    look_at_api();
    return true;
}

// Not from a cache. False: what is desired cannot be read.
bool Agent::read_store() {
    if (api_refuses()) return false;
    if (!world_.no_set()) tell_desired(world_.store.desired);
    tell_record(world_.store.record);
    return !world_.no_set();
}

std::optional<Refused> Agent::desired_moved_on() {
    if (auto no = api_refuses()) return no;
    if (world_.no_set()) return Refused{Refusal::precondition, "404 there is no StatefulSet"};
    if (!tell_desired(world_.store.desired)) return std::nullopt;
    return Refused{Refusal::precondition, "other replicas are desired now"};
}

}  // namespace quorate::sim
