// The optional program beside etcd: a control plane that keeps its objects there. It is started
// when etcd is usable, is away before etcd is stopped, and is started again when it ends by itself.
// What becomes of it never touches etcd, and while etcd is away it is left alone: it is the one to
// connect again. None of this is the core's business; nothing here is journaled.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "adapters/host/control_plane_report.hpp"
#include "adapters/log/log.hpp"
#include "adapters/process/child.hpp"
#include "core/base/instant.hpp"
#include "core/rules/backoff.hpp"

namespace quorate::host {

struct ControlPlaneSpec {
    std::filesystem::path program;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // exactly these, NAME=value
    Span grace = seconds(20);              // from SIGTERM to SIGKILL
    BackoffBounds backoff{milliseconds(200), seconds(30)};
};

enum class EtcdUse { usable, not_usable };

class ControlPlane {
  public:
    struct Hooks {
        std::function<void(log::Level, const std::string&)> tell;
        std::function<void()> changed;  // what running() and exits() say
    };

    // Starts nothing by itself. Used from the thread that runs the loop.
    ControlPlane(boost::asio::io_context& loop, ControlPlaneSpec spec, Hooks hooks);
    ~ControlPlane();  // SIGKILL if it still runs
    ControlPlane(const ControlPlane&) = delete;
    ControlPlane& operator=(const ControlPlane&) = delete;

    // Starts it when it does not run and is wanted.
    void etcd_is(EtcdUse use);
    // SIGTERM, and SIGKILL after the grace; `then` when it is away, at once when it did not run. It
    // is started again when etcd is usable again.
    void stop(std::function<void()> then);
    // The same, for good.
    void leave(std::function<void()> then);
    // Nothing to do when it does not run.
    void signal(int number);

    bool running() const { return child_ != nullptr && !stopping_; }
    std::uint32_t exits() const { return exits_; }  // by itself, or that it could not be started
    ControlPlaneReport report() const;

  private:
    void start();
    void ended(const ChildExit& exit);
    void start_later(const std::string& why);
    Span with_jitter(Span span);

    boost::asio::io_context& loop_;
    const ControlPlaneSpec spec_;
    const Hooks hooks_;
    boost::asio::steady_timer start_timer_;
    boost::asio::steady_timer kill_timer_;
    std::minstd_rand random_{std::random_device{}()};
    EtcdUse etcd_ = EtcdUse::not_usable;
    bool leaving_ = false;
    bool stopping_ = false;
    bool backing_off_ = false;
    Instant started_at_;  // since boot
    std::uint32_t exits_ = 0;
    std::string last_exit_;
    std::uint32_t failures_in_a_row_ = 0;
    std::vector<std::function<void()>> when_away_;
    std::unique_ptr<process::Child> child_;
};

}  // namespace quorate::host
