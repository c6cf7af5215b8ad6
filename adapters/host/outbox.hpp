// Carries commands out through the adapters. Blocking ones run on workers; etcd itself is started
// and stopped on the main thread, which lives as long as the agent. Each command that has an
// outcome brings back exactly one CommandEnded.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "adapters/disk/volume.hpp"
#include "adapters/host/agent.hpp"
#include "adapters/host/members.hpp"
#include "adapters/host/prober.hpp"
#include "adapters/host/tasks.hpp"
#include "adapters/process/child.hpp"
#include "core/engine/ports.hpp"

namespace quorate::host {

class Outbox final : public OutboxPort {
  public:
    using Post = std::function<void(Observation)>;
    struct Hooks {
        Post post;
        std::function<void(Instant)> wake_at;
        std::function<void(std::string)> exit;
        std::function<void(const std::vector<Ordinal>&)> ask_peers;
        std::function<std::optional<Desired>()> desired;  // as the core knows it; main thread
        // What etcd must outlive is ended first; calls back on the main thread, perhaps at once.
        std::function<void(std::function<void()>)> before_etcd_stops;
    };

    Outbox(boost::asio::io_context& loop, const AgentConfig& config, const Settings& settings,
           Store& store, Tasks& tasks, Members& members, Prober& prober, Hooks hooks);
    ~Outbox() override;

    void release(std::span<const Command> commands) override;

    std::int32_t etcd_pid() const;
    // The agent ends: etcd is asked to stop, then killed.
    void abandon_etcd();

  private:
    struct Carry;  // one overload per command

    using Work = std::function<CommandEnded(CommandId)>;
    void on_worker(const Command& command, Work work);
    void at_store(const Command& command, Work work);
    void in(Tasks& tasks, const Command& command, Work work);
    void ended(CommandEnded outcome);
    void start_etcd(const Command& command, const StartEtcd& start);
    void stop_etcd(const Command& command, const StopEtcd& stop);
    void end_etcd(Span grace);
    void etcd_exited(const ChildExit& exit);
    void acquired(const Command& command, const AcquireAuthority& acquire);
    void renew_later();
    bool still_fenced(Fence fence) const;
    bool others_are_desired(const std::optional<Desired>& told) const;

    boost::asio::io_context& loop_;
    const AgentConfig& config_;
    const Settings& settings_;
    Store& store_;
    disk::Volume volume_;
    // The store's own threads: nobody waits for an answer of etcd to keep its authority.
    Tasks store_tasks_;
    Tasks& tasks_;
    Members& members_;
    Prober& prober_;
    Hooks hooks_;
    std::unique_ptr<process::Child> etcd_;
    bool stop_waits_ = false;  // for what is to end before etcd
    boost::asio::steady_timer kill_timer_;
    boost::asio::steady_timer renew_timer_;
    Fence held_;
    Span ttl_;
};

}  // namespace quorate::host
