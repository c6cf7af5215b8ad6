#include "adapters/host/agent.hpp"

#include <malloc.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <cstring>
#include <utility>

#include "adapters/clock/clock.hpp"
#include "adapters/disk/volume.hpp"
#include "adapters/host/conditions_of.hpp"
#include "adapters/host/control_plane.hpp"
#include "adapters/host/etcd_arguments.hpp"
#include "adapters/host/journaling.hpp"
#include "adapters/host/members.hpp"
#include "adapters/host/notices_of.hpp"
#include "adapters/host/outbox.hpp"
#include "adapters/host/pages.hpp"
#include "adapters/host/peers.hpp"
#include "adapters/host/prober.hpp"
#include "adapters/host/service.hpp"
#include "adapters/host/status.hpp"
#include "adapters/host/tasks.hpp"
#include "adapters/http/server.hpp"
#include "adapters/local/files.hpp"
#include "adapters/log/log.hpp"
#include "adapters/metrics/metrics.hpp"
#include "core/engine/engine.hpp"
#include "core/explain.hpp"
#include "core/facts/doubts.hpp"
#include "core/facts/memory.hpp"
#include "core/invariants.hpp"
#include "core/rules/readiness.hpp"
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

constexpr std::chrono::seconds stop_ask_period{1};
// Longer than a call to any store takes.
constexpr Span last_word_wait = seconds(6);

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
    const std::filesystem::path& pki = config.places.pki;
    return etcd::Tls{pki / "ca.crt", pki / "client.crt", pki / "client.key"};
}

// Everything of one agent, in the order in which it is built and, reversed, torn down.
class Agent {
  public:
    Agent(const AgentConfig& config, SharedStore shared, std::unique_ptr<log::Log> log,
          std::unique_ptr<Journaling> journal, State state)
        : config_(config),
          store_(std::move(shared.store)),
          notices_(std::move(shared.notices)),
          conditions_(std::move(shared.conditions)),
          settings_(settings_of(config)),
          log_(std::move(log)),
          journal_(std::move(journal)),
          clock_(state.now),
          members_(settings_, {config.network.own_client_url, config.network.own_peer_url},
                   tls_of(config)),
          probe_tasks_(loop_, probe_threads),
          tasks_(loop_, command_threads),
          names_(loop_, [this](const std::string& line) { log_->line(log::Level::warning, line); }),
          prober_(
              loop_, probe_tasks_, members_, settings_,
              [this](Observation o) { post(std::move(o)); },
              config.network.by_name ? &names_ : nullptr),
          peers_(loop_, config_, random_number(),
                 {[this] { return own(); },
                  [this](const Lineage& last_told) { return founded(last_told); },
                  [this](Observation o) { post(std::move(o)); },
                  [this](const std::string& line) { log_->line(log::Level::warning, line); },
                  [this](Ordinal peer) { metrics_.peer_heard(peer); },
                  [this](const char* why) { metrics_.peer_refused(why); },
                  [this](Ordinal peer, const std::string& address) {
                      if (config_.network.by_name) members_.came_from(peer, address);
                  }}),
          outbox_(loop_, config_, settings_, *store_, tasks_, members_, prober_,
                  {[this](Observation o) { post(std::move(o)); }, [this](Instant at) { wake(at); },
                   [this](std::string reason) { leave(std::move(reason)); },
                   [this](const std::vector<Ordinal>& peers) { peers_.ask(peers); },
                   [this] { return engine_.state().facts.desired; },
                   [this](std::function<void()> then) { without_control_plane(then); }}),
          engine_({*journal_, outbox_, clock_}, std::move(state), {.digest = wire::digest}),
          watch_(shared.watch(loop_)),
          stop_tasks_(loop_, 1),
          wake_timer_(loop_),
          jump_timer_(loop_),
          ask_again_(loop_),
          signals_(loop_, SIGTERM, SIGINT),
          passed_on_(loop_) {
        journal_->on_record([this](const Record& record) { tell(record); });
        if (config_.certificates)
            certificates_.emplace(
                loop_, tasks_, *config_.certificates,
                Certificates::Hooks{
                    [this](log::Level level, const std::string& line) { log_->line(level, line); },
                    [this](const std::string& name, Instant end) {
                        metrics_.certificate_ends(name, end);
                    }});
        if (!config_.control_plane) return;
        metrics_.control_plane_is(false, 0);
        control_plane_.emplace(
            loop_, *config_.control_plane,
            ControlPlane::Hooks{
                [this](log::Level level, const std::string& line) { log_->line(level, line); },
                [this] {
                    metrics_.control_plane_is(control_plane_->running(), control_plane_->exits());
                }});
    }

    int run() {
        if (auto served = serve_people(); !served) return fail(served.error(), exit_failed);
        await_signal();
        pass_signals_on();
        await_jump();
        if (certificates_) certificates_->start();
        tell_peers();
        post(AgentStarted{settings_, random_number(), random_uuid()});
        if (auto watched = watch_->start({[this](const auto& told) { desired_is(told); },
                                          [this](const auto& told) { record_is(told); }});
            !watched)
            return fail(watched.error(), exit_failed);
        loop_.run();
        pages_.reset();
        service_.reset();
        peers_.stop();
        prober_.stop();
        watch_.reset();
        stop_tasks_.stop();
        probe_tasks_.stop();
        names_.stop();
        tasks_.stop();
        control_plane_.reset();
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
        metrics_.state_is(engine_.state());
        publish();
    }

    void tell(const Record& record) {
        metrics_.decided(record.decision);
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
        if (notices_)
            for (Notice& notice : notices_of(record.decision, config_.self))
                notices_->tell(std::move(notice));
        if (auto step = step_in(record.decision); !step.empty()) last_step_ = std::move(step);
        if (service_) service_->decided(record);
    }

    void publish() {
        if (control_plane_) control_plane_->etcd_is(use_of_etcd());
        if (service_)
            service_->publish(engine_.state(), {outbox_.etcd_pid(), prober_.latest(),
                                                store_->holder(), control_plane_report()});
        if (conditions_)
            conditions_->are(conditions_of(engine_.state(),
                                           {prober_.latest(), last_step_, control_plane_report()}));
    }

    std::optional<ControlPlaneReport> control_plane_report() const {
        return control_plane_ ? std::optional(control_plane_->report()) : std::nullopt;
    }

    // What /readyz says of etcd (S15), and the core is not about to stop it.
    EtcdUse use_of_etcd() const {
        const State& state = engine_.state();
        return is_ready(state, own_status()) && state.process.phase == ProcessPhase::serving
                   ? EtcdUse::usable
                   : EtcdUse::not_usable;
    }

    MemberStatus own_status() const {
        const auto own = prober_.latest().find(config_.self.value);
        return own == prober_.latest().end() ? MemberStatus{} : own->second;
    }

    void without_control_plane(const std::function<void()>& then) {
        if (control_plane_)
            control_plane_->stop(then);
        else
            then();
    }

    void desired_is(const Result<std::optional<Desired>>& told) {
        if (!told) {
            complain(told.error());
        } else if (*told && *told != desired_) {
            desired_ = *told;
            post(DesiredSeen{**told});
        }
    }

    void record_is(const Result<std::optional<ClusterRecord>>& told) {
        // A store that does not answer says nothing of the record (L8).
        if (!told && told.error().kind != FailureKind::refused) return complain(told.error());
        RecordSeen seen =
            told ? RecordSeen{*told, {}}
                 : RecordSeen{std::nullopt, told.error().where + ": " + told.error().what};
        // What was told before is told again to one whom a late conflict showed an older one since.
        const bool behind = engine_.state().facts.record_there.has_value();
        if (told_record_ && *told_record_ == seen && !behind) return;
        // Its own last write is known already.
        const bool own = seen.record && engine_.state().facts.record == seen.record &&
                         engine_.state().facts.record_unreadable.empty() && !behind && told_record_;
        told_record_ = seen;
        if (!own) post(std::move(seen));
    }

    // Once for each reason: a store that is down is asked again and again.
    void complain(const Failure& failure) {
        const std::string line = failure.where + ": " + failure.what;
        if (line == complained_) return;
        complained_ = line;
        log_->line(log::Level::error, line);
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
            if (stop_asked_at_ == Instant{}) {
                stop_asked_at_ = clock::since_boot();
                // Whatever the stop means, it goes first, and takes its time while others are
                // asked.
                if (control_plane_) control_plane_->leave([] {});
                learn_what_a_stop_means();
            }
            await_signal();
        });
    }

    // The desired replicas, as they are now, tell a restart from a removal. While nobody tells them
    // the core keeps etcd; who has lost the right to ask (a release that is uninstalled loses its
    // role first) would keep it until it is killed. A restart is the one that costs no voter.
    void learn_what_a_stop_means() {
        stop_tasks_.run([this] {
            auto told = store_->desired();
            return std::function<void()>([this, told = std::move(told)] {
                desired_is(told);
                if (told) return post(StopRequested{});
                if (clock::since_boot() >= stop_asked_at_ + config_.desired_wait) {
                    log_->line(log::Level::warning,
                               "nobody tells how many replicas are desired: etcd is stopped as for "
                               "a restart, and its member stays");
                    return post(StopRequested{});
                }
                if (!engine_.state().facts.stop_requested)
                    post(StopRequested{.desired_unread = true});
                ask_again_.expires_after(stop_ask_period);
                ask_again_.async_wait([this](const boost::system::error_code& error) {
                    if (!error) learn_what_a_stop_means();
                });
            });
        });
    }

    void pass_signals_on() {
        if (!control_plane_) return;
        for (const int number : {SIGHUP, SIGUSR1, SIGUSR2})
            passed_on_.add(number);
        await_signal_to_pass_on();
    }
    void await_signal_to_pass_on() {
        passed_on_.async_wait([this](const boost::system::error_code& error, int number) {
            if (error) return;
            control_plane_->signal(number);
            await_signal_to_pass_on();
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
            leave_unheard();
            await_jump();
        });
    }

    // All that is left to do after etcd is to tell the record how far it came. Who has no right to
    // any more, or finds nobody to tell, would try until it is killed; leaving is a crash when
    // nothing runs, and the record keeps the mark of a while ago (S8).
    void leave_unheard() {
        const State& state = engine_.state();
        const bool idle = outbox_.etcd_pid() == 0 && state.process.phase == ProcessPhase::stopped &&
                          state.replica.phase == ReplicaPhase::examining;
        const Instant now = clock::since_boot();
        if (stop_asked_at_ == Instant{} || !idle) idle_since_ = now;
        if (now < stop_asked_at_ + config_.desired_wait || now < idle_since_ + last_word_wait)
            return;
        leave("asked to stop; the record is out of reach and lacks the last mark");
    }

    void leave(std::string reason) {
        if (std::exchange(leaves_, true)) return;
        log_->line(log::Level::info, "exit: " + reason);
        const auto end = [this] { boost::asio::post(loop_, [this] { loop_.stop(); }); };
        if (control_plane_)
            control_plane_->leave(end);
        else
            end();
    }

    // Pages may be missing; without its API an agent is invisible to `wait` and `status`.
    Result<void> serve_people() {
        auto pages = http::Server::start(loop_, config_.network.pages,
                                         [this](std::string_view path) { return page(path); });
        if (pages) {
            pages_ = std::move(*pages);
        } else {
            log_->line(log::Level::warning,
                       "no probes and metrics: " + pages.error().where + ": " + pages.error().what);
        }
        auto service = Service::start(config_, [this](std::string token) {
            boost::asio::post(loop_, [this, token] { post(RecoveryApproved{token}); });
        });
        if (!service) return tl::unexpected(service.error());
        service_ = std::move(*service);
        return {};
    }

    http::Page page(std::string_view path) {
        if (path == "/metrics") return {200, metrics_.text(), "text/plain; version=0.0.4"};
        if (path == "/status")
            return {200,
                    status_json(engine_.state(), {outbox_.etcd_pid(),
                                                  prober_.latest(),
                                                  store_->holder(),
                                                  control_plane_report(),
                                                  {}}),
                    "application/json"};
        const Beside beside = !control_plane_             ? Beside::nothing
                              : control_plane_->running() ? Beside::running
                                                          : Beside::down;
        return probe_page(path, engine_.state(), own_status(), beside);
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
    const std::shared_ptr<Store> store_;
    const std::shared_ptr<Notices> notices_;
    const std::shared_ptr<Conditions> conditions_;
    Settings settings_;
    std::unique_ptr<log::Log> log_;
    std::unique_ptr<Journaling> journal_;
    clock::EventClock clock_;
    clock::JumpWatch jumps_;
    boost::asio::io_context loop_;
    Members members_;
    Tasks probe_tasks_;
    Tasks tasks_;
    Names names_;
    Prober prober_;
    Peers peers_;
    Outbox outbox_;
    Engine engine_;
    std::unique_ptr<StoreWatch> watch_;
    Tasks stop_tasks_;
    boost::asio::steady_timer wake_timer_;
    boost::asio::steady_timer jump_timer_;
    boost::asio::steady_timer ask_again_;
    boost::asio::signal_set signals_;
    boost::asio::signal_set passed_on_;  // to the control plane
    metrics::Metrics metrics_{config_.self};
    std::optional<Certificates> certificates_;
    std::optional<ControlPlane> control_plane_;
    std::unique_ptr<http::Server> pages_;
    std::unique_ptr<Service> service_;
    std::vector<Observation> waiting_;
    std::optional<Desired> desired_;
    std::optional<RecordSeen> told_record_;
    std::string complained_;
    std::string last_step_;  // step_in()
    Instant stop_asked_at_;  // since boot; none: not asked
    Instant idle_since_;     // the same
    bool leaves_ = false;
    int exit_code_ = exit_ok;
};

}  // namespace

int run_agent(const AgentConfig& config, SharedStore shared) {
    // Thirty threads that mostly wait: with an arena each they would hold memory that none of them
    // uses.
    ::mallopt(M_ARENA_MAX, 2);
    const Places& places = config.places;
    for (const std::filesystem::path& file : {places.etcd_log, places.lock}) {
        std::error_code error;
        std::filesystem::create_directories(file.parent_path(), error);
        if (error)
            return fail({FailureKind::refused, error.message(), file.parent_path()}, exit_failed);
    }
    auto lock = local::FileLock::attempt(places.lock);
    if (!lock) return fail(lock.error(), exit_failed);
    auto log = places.agent_log.empty() ? log::Log::to_stderr() : log::Log::open(places.agent_log);
    if (!log) return fail(log.error(), exit_failed);
    // Before anything of the volume is looked at: nobody else may be writing to it.
    if (auto ended = process::stop_leftover(places.etcd_pid, config.policy.stop_grace); !ended)
        return fail(ended.error(), exit_failed);
    auto opened =
        Journaling::open(places.journal, config.network.members.at(config.self.value).name,
                         Bytes{config.journal_bytes_max}, clock::wall());
    if (!opened) return fail(opened.error(), exit_journal);
    if (!opened->note.empty()) (*log)->line(log::Level::warning, opened->note);
    Agent agent(config, std::move(shared), std::move(*log), std::move(opened->journal),
                std::move(opened->state));
    return agent.run();
}

}  // namespace quorate::host
