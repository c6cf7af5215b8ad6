#include "adapters/host/control_plane.hpp"

#include <csignal>
#include <utility>

#include "adapters/clock/clock.hpp"

namespace quorate::host {
namespace {

std::chrono::microseconds duration(Span span) { return std::chrono::microseconds(span.us); }

std::string seconds_of(Span span) {
    const std::int64_t tenths = span.us / 100'000;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string text_of(const ChildExit& exit) {
    return exit.signal != 0 ? "signal " + std::to_string(exit.signal)
                            : "exit status " + std::to_string(exit.status);
}

}  // namespace

ControlPlane::ControlPlane(boost::asio::io_context& loop, ControlPlaneSpec spec, Hooks hooks)
    : loop_(loop),
      spec_(std::move(spec)),
      hooks_(std::move(hooks)),
      start_timer_(loop),
      kill_timer_(loop) {}

ControlPlane::~ControlPlane() = default;

void ControlPlane::etcd_is(EtcdUse use) {
    etcd_ = use;
    if (etcd_ == EtcdUse::usable && !leaving_ && !child_ && !backing_off_) start();
}

void ControlPlane::start() {
    process::Spec spec;
    spec.program = spec_.program;
    spec.arguments = spec_.arguments;
    spec.environment = spec_.environment;
    spec.output = process::Output::inherited;
    auto child = process::Child::spawn(loop_, std::move(spec),
                                       [this](const ChildExit& exit) { ended(exit); });
    started_at_ = clock::since_boot();
    if (!child) return start_later(child.error().where + ": " + child.error().what);
    child_ = std::move(*child);
    hooks_.tell(log::Level::info, "control plane: started, pid " + std::to_string(child_->pid()));
    hooks_.changed();
}

void ControlPlane::ended(const ChildExit& exit) {
    kill_timer_.cancel();
    child_.reset();
    if (!std::exchange(stopping_, false)) return start_later("ended by itself, " + text_of(exit));
    hooks_.tell(log::Level::info, "control plane: stopped, " + text_of(exit));
    hooks_.changed();
    for (const auto& then : std::exchange(when_away_, {}))
        then();
}

void ControlPlane::start_later(const std::string& why) {
    ++exits_;
    last_exit_ = why;
    // One that ran for so long ended for another reason than the one before.
    if (clock::since_boot() >= started_at_ + spec_.backoff.max) failures_in_a_row_ = 0;
    const Span wait = with_jitter(backoff(spec_.backoff, ++failures_in_a_row_));
    hooks_.tell(log::Level::warning,
                "control plane: " + why + "; started again in " + seconds_of(wait));
    hooks_.changed();
    backing_off_ = true;
    start_timer_.expires_after(duration(wait));
    start_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        backing_off_ = false;
        etcd_is(etcd_);
    });
}

// Between three quarters and five quarters: replicas that failed together do not come back
// together.
Span ControlPlane::with_jitter(Span span) {
    std::uniform_int_distribution<std::int64_t> part(span.us * 3 / 4, span.us * 5 / 4);
    return Span{part(random_)};
}

void ControlPlane::stop(std::function<void()> then) {
    etcd_ = EtcdUse::not_usable;  // until the next word of it
    start_timer_.cancel();
    backing_off_ = false;
    if (!child_) return then();
    when_away_.push_back(std::move(then));
    if (std::exchange(stopping_, true)) return;
    hooks_.changed();
    static_cast<void>(child_->signal(SIGTERM).has_value());
    kill_timer_.expires_after(duration(spec_.grace));
    kill_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error || !stopping_) return;
        hooks_.tell(log::Level::warning, "control plane: still runs " + seconds_of(spec_.grace) +
                                             " after SIGTERM: killed");
        static_cast<void>(child_->signal(SIGKILL).has_value());
    });
}

void ControlPlane::leave(std::function<void()> then) {
    leaving_ = true;
    stop(std::move(then));
}

ControlPlaneReport ControlPlane::report() const {
    return {running(), child_ ? child_->pid() : 0, exits_, last_exit_};
}

void ControlPlane::signal(int number) {
    if (child_) static_cast<void>(child_->signal(number).has_value());
}

}  // namespace quorate::host
