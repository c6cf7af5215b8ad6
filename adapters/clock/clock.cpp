#include "adapters/clock/clock.hpp"

#include <algorithm>
#include <ctime>

namespace quorate::clock {
namespace {

Instant read(clockid_t id) {
    timespec time{};
    clock_gettime(id, &time);
    return Instant{static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1'000};
}

}  // namespace

Instant wall() { return read(CLOCK_REALTIME); }
Instant since_boot() { return read(CLOCK_BOOTTIME); }

EventClock::EventClock(Instant last_event)
    : origin_(std::max(wall(), last_event)), steady_origin_(since_boot()) {}

Instant EventClock::now() { return origin_ + (since_boot() - steady_origin_); }

JumpWatch::JumpWatch() : offset_(wall() - since_boot()) {}

Span JumpWatch::jumped() {
    const Span now = wall() - since_boot();
    const Span jump{now.us - offset_.us};
    offset_ = now;
    return jump;
}

}  // namespace quorate::clock
