#include "adapters/host/agent.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <cstring>

#include "adapters/clock/clock.hpp"
#include "adapters/disk/volume.hpp"
#include "adapters/host/etcd_arguments.hpp"
#include "adapters/host/journaling.hpp"
#include "adapters/host/members.hpp"
#include "adapters/host/outbox.hpp"
#include "adapters/host/peers.hpp"
#include "adapters/host/prober.hpp"
#include "adapters/host/service.hpp"
#include "adapters/host/tasks.hpp"
#include "adapters/host/watcher.hpp"
#include "adapters/local/desired.hpp"
#include "adapters/local/files.hpp"
#include "adapters/local/layout.hpp"
#include "adapters/local/record.hpp"
#include "adapters/log/log.hpp"
#include "adapters/metrics/metrics.hpp"
#include "core/engine/engine.hpp"
#include "core/explain.hpp"
#include "core/facts/doubts.hpp"
#include "core/facts/memory.hpp"
#include "core/invariants.hpp"
#include "core/wire/digest.hpp"

namespace quorate::host {
namespace {

// Probes and commands wait for the network most of the time: one thread a replica would be more
// than enough; four keep nine replicas probed within a period when some of them hang.
constexpr std::size_t probe_threads = 4;
constexpr std::size_t command_threads = 3;

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_journal = 6;

constexpr Span jump_worth_telling = seconds(10);

std::uint64_t random_number() {
    std::uint64_t number = 0;
    while (::getrandom(&number, sizeof number, 0) != sizeof number)
        continue;
    return number;
}

// RFC 9562, version 4.
Lineage random_uuid() {
    std::array<std::uint64_t, 2> half = {random_number(), random_number()};
    half[0] = (half[0] & ~0xf000ULL) | 0x4000ULL;
    half[1] = (half[1] & ~(3ULL << 62)) | (2ULL << 62);
    char text[40];
    std::snprintf(text, sizeof text, "%08llx-%04llx-%04llx-%04llx-%012llx",
                  static_cast<unsigned long long>(half[0] >> 32),
                  static_cast<unsigned long long>(half[0] >> 16 & 0xffff),
                  static_cast<unsigned long long>(half[0] & 0xffff),
                  static_cast<unsigned long long>(half[1] >> 48),
                  static_cast<unsigned long long>(half[1] & 0xffffffffffffULL));
    return Lineage{text};
}

int fail(const Failure& failure, int code) {
    std::fprintf(stderr, "quorate: %s: %s\n", failure.where.c_str(), failure.what.c_str());
    return code;
}

std::optional<etcd::Tls> tls_of(const AgentConfig& config) {
    if (!config.tls) return std::nullopt;
    const local::Layout layout(config.dir);
    return etcd::Tls{layout.pki() / "ca.crt", layout.pki() / "client.crt",
                     layout.pki() / "client.key"};
}

// Everything of one agent, in the order in which it is built and, reversed, torn down.
class Agent {
  public:
    Agent(const AgentConfig& config, std::unique_ptr<log::Log> log,
          std::unique_ptr<Journaling> journal, State state)
        : config_(config),
          layout_(config.dir),
          settings_(settings_of(config)),
          log_(std::move(log)),
          journal_(std::move(journal)),
          clock_(state.now),
          members_(settings_, tls_of(config)),
          probe_tasks_(loop_, probe_threads),
          tasks_(loop_, command_threads),
          prober_(loop_, probe_tasks_, members_, settings_,
                  [this](Observation o) { post(std::move(o)); }),
          peers_(loop_, config_, random_number(),
                 {[this] { return own(); },
                  [this](const Lineage& last_told) { return founded(last_told); },
                  [this](Observation o) { post(std::move(o)); },
                  [this](const std::string& line) { log_->line(log::Level::warning, line); },
                  [this](Ordinal peer) {
                      if (metrics_) metrics_->peer_heard(peer);
                  },
                  [this](const char* why) {
                      if (metrics_) metrics_->peer_refused(why);
                  }}),
          outbox_(loop_, config_, settings_, tasks_, members_, prober_,
                  {[this](Observation o) { post(std::move(o)); }, [this](Instant at) { wake(at); },
                   [this](std::string reason) { leave(std::move(reason)); },
                   [this](const std::vector<Ordinal>& peers) { peers_.ask(peers); },
                   [this] { return engine_.state().facts.desired; }}),
          engine_({*journal_, outbox_, clock_}, std::move(state), {.digest = wire::digest}),
          watcher_(loop_, [this] { look_at_files(); }),
          wake_timer_(loop_),
          jump_timer_(loop_),
          signals_(loop_, SIGTERM, SIGINT) {
        journal_->on_record([this](const Record& record) { tell(record); });
    }

    int run() {
        if (auto served = serve_people(); !served) return fail(served.error(), exit_failed);
        await_signal();
        await_jump();
        if (auto watched = watcher_.watch(layout_.cluster()); !watched)
            return fail(watched.error(), exit_failed);
        tell_peers();
        post(AgentStarted{settings_, random_number(), random_uuid()});
        look_at_files();
        loop_.run();
        service_.reset();
        peers_.stop();
        prober_.stop();
        watcher_.stop();
        probe_tasks_.stop();
        tasks_.stop();
        outbox_.abandon_etcd();
        return exit_code_;
    }

  private:
    void post(Observation observation) {
        // Who joins decides by what its peers say after the record told it to
        // (model/observation.hpp).
        if (std::holds_alternative<RecordSeen>(observation) &&
            engine_.state().replica.phase != ReplicaPhase::serving)
            prober_.ask_anew();
        waiting_.push_back(std::move(observation));
        if (waiting_.size() > 1) return;  // already on its way
        boost::asio::post(loop_, [this] { take(); });
    }

    // Whatever waits goes into one batch and one sync.
    void take() {
        std::vector<Observation> batch;
        batch.swap(waiting_);
        if (engine_.take(batch) == Durable::no) {
            log_->line(log::Level::error, "the journal cannot be written: " + journal_->failure());
            std::fprintf(stderr,
                         "quorate: replica %u: the journal cannot be written: %s; free space on "
                         "the volume or repair it; the agent stops and will be started again\n",
                         config_.self.value, journal_->failure().c_str());
            exit_code_ = exit_journal;
            loop_.stop();
            return;
        }
        if (const auto note = journal_->keep(engine_.state()); !note.empty())
            log_->line(log::Level::warning, note);
        if (metrics_) metrics_->state_is(engine_.state());
        publish();
    }

    void tell(const Record& record) {
        if (metrics_) metrics_->decided(record.decision);
        const std::string number = "event=" + std::to_string(record.event.seq.value) + " ";
        if (const auto* ended = std::get_if<CommandEnded>(&record.event.observation)) {
            const bool well = std::holds_alternative<Done>(ended->outcome);
            log_->line(well ? log::Level::info : log::Level::warning,
                       number + explain(record.event.observation));
        }
        if (!record.decision.hits.empty()) {
            const bool only_looks =
                std::all_of(record.decision.hits.begin(), record.decision.hits.end(),
                            [](const RuleHit& hit) { return hit.machine == Machine::look; });
            if (!only_looks)
                log_->line(log::Level::info, number + "\"" + explain(record.decision) + "\"");
        }
        if (service_) service_->decided(record);
    }

    void publish() {
        if (service_)
            service_->publish(engine_.state(),
                              {outbox_.etcd_pid(), prober_.latest(), lease_holder()});
    }

    std::optional<Ordinal> lease_holder() const {
        const auto holder = local::Lease(layout_.lease(), config_.self).holder();
        return holder ? *holder : std::nullopt;
    }

    // No: the desired replicas could not be read.
    bool look_at_files() {
        const auto desired = local::read_desired(layout_.desired());
        if (!desired) {
            log_->line(log::Level::error, desired.error().where + ": " + desired.error().what);
        } else if (*desired && *desired != desired_) {
            desired_ = *desired;
            post(DesiredSeen{**desired});
        }
        look_at_record();
        return desired.has_value();
    }

    void look_at_record() {
        auto record = local::read_record(layout_.record());
        RecordSeen seen =
            record ? RecordSeen{*record, {}}
                   : RecordSeen{std::nullopt, record.error().where + ": " + record.error().what};
        // What was told before is told again to one whom a late conflict showed an older one since.
        const bool behind = engine_.state().facts.record_there.has_value();
        if (told_record_ && *told_record_ == seen && !behind) return;
        // Its own last write is known already.
        const bool own = seen.record && engine_.state().facts.record == seen.record &&
                         engine_.state().facts.record_unreadable.empty() && !behind && told_record_;
        told_record_ = seen;
        if (!own) post(std::move(seen));
    }

    void wake(Instant at) {
        wake_timer_.expires_after(
            std::chrono::microseconds(std::max<std::int64_t>(0, (at - clock_.now()).us)));
        wake_timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) post(TimerFired{});
        });
    }

    void await_signal() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            // The desired replicas decide what a stop means.
            const bool desired_read = look_at_files();
            post(StopRequested{.desired_unread = !desired_read});
            await_signal();
        });
    }

    void await_jump() {
        jump_timer_.expires_after(std::chrono::seconds(1));
        jump_timer_.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            const Span jump = jumps_.jumped();
            if (jump > jump_worth_telling || jump < Span{-jump_worth_telling.us})
                log_->line(log::Level::warning,
                           "the system clock jumped by " + std::to_string(jump.us / 1'000'000) +
                               " s; deadlines here are not affected, certificates may be");
            publish();  // indexes move without events; people want to see them
            await_jump();
        });
    }

    void leave(std::string reason) {
        log_->line(log::Level::info, "exit: " + reason);
        boost::asio::post(loop_, [this] { loop_.stop(); });
    }

    // Metrics may be missing; without its API an agent is invisible to `wait` and `status`.
    Result<void> serve_people() {
        const local::Ports ports = local::ports_of(config_.port_base, config_.self);
        auto metrics =
            metrics::Metrics::serve("127.0.0.1:" + std::to_string(ports.metrics), config_.self);
        if (metrics) {
            metrics_ = std::move(*metrics);
        } else {
            log_->line(log::Level::warning, "no metrics: " + metrics.error().what);
        }
        auto service = Service::start(config_, [this](std::string token) {
            boost::asio::post(loop_, [this, token] { post(RecoveryApproved{token}); });
        });
        if (!service) return tl::unexpected(service.error());
        service_ = std::move(*service);
        return {};
    }

    // An agent that is not heard serves all the same: the record alone decides then.
    void tell_peers() {
        if (config_.policy.peers_wait == Span{}) return;
        if (auto told = peers_.start(engine_.state().facts); !told)
            log_->line(log::Level::warning, "no exchange with other agents: " + told.error().where +
                                                ": " + told.error().what);
    }

    Peers::Own own() {
        const State& state = engine_.state();
        Peers::Own own;
        if (state.facts.record && is_founded(*state.facts.record))
            own.lineage = state.facts.record->lineage;
        const auto status = prober_.latest().find(config_.self.value);
        if (status != prober_.latest().end()) own.self = own_report(state.facts, status->second);
        own.content = own_finding(state, clock_.now());
        own.replicas = state.probed;
        return own;
    }

    std::optional<Lineage> founded(const Lineage& last_told) const {
        const Facts& facts = engine_.state().facts;
        if (!knows_what_to_tell(facts, last_told)) return std::nullopt;
        return founded_cluster(facts, last_told);
    }

    const AgentConfig config_;
    local::Layout layout_;
    Settings settings_;
    std::unique_ptr<log::Log> log_;
    std::unique_ptr<Journaling> journal_;
    clock::EventClock clock_;
    clock::JumpWatch jumps_;
    boost::asio::io_context loop_;
    Members members_;
    Tasks probe_tasks_;
    Tasks tasks_;
    Prober prober_;
    Peers peers_;
    Outbox outbox_;
    Engine engine_;
    Watcher watcher_;
    boost::asio::steady_timer wake_timer_;
    boost::asio::steady_timer jump_timer_;
    boost::asio::signal_set signals_;
    std::unique_ptr<metrics::Metrics> metrics_;
    std::unique_ptr<Service> service_;
    std::vector<Observation> waiting_;
    std::optional<Desired> desired_;
    std::optional<RecordSeen> told_record_;
    int exit_code_ = exit_ok;
};

}  // namespace

int run_agent(const AgentConfig& config) {
    const local::Layout layout(config.dir);
    std::error_code error;
    std::filesystem::create_directories(layout.log(config.self), error);
    if (error)
        return fail({FailureKind::refused, error.message(), layout.log(config.self)}, exit_failed);
    auto lock = local::FileLock::attempt(layout.agent_lock(config.self));
    if (!lock) return fail(lock.error(), exit_failed);
    auto log = log::Log::open(layout.agent_log(config.self));
    if (!log) return fail(log.error(), exit_failed);
    // Before anything of the volume is looked at: nobody else may be writing to it.
    if (auto ended = process::stop_leftover(layout.etcd_pid(config.self), config.policy.stop_grace);
        !ended)
        return fail(ended.error(), exit_failed);
    auto opened = Journaling::open(layout.journal(config.self),
                                   "quorate-" + std::to_string(config.self.value),
                                   Bytes{config.journal_bytes_max}, clock::wall());
    if (!opened) return fail(opened.error(), exit_journal);
    if (!opened->note.empty()) (*log)->line(log::Level::warning, opened->note);
    Agent agent(config, std::move(*log), std::move(opened->journal), std::move(opened->state));
    return agent.run();
}

}  // namespace quorate::host
