#include "adapters/host/peers.hpp"

#include <algorithm>
#include <utility>

#include "adapters/clock/clock.hpp"
#include "core/facts/growth.hpp"
#include "core/facts/memory.hpp"

namespace quorate::host {
namespace {

// Core's `peers_wait_default` counts on both: eight peers that all hang keep four threads for two
// deadlines, and the third second is for the one that answers.
constexpr std::size_t threads = 4;
constexpr Span exchange_deadline = seconds(1);

constexpr Span asking_period = milliseconds(200);
constexpr Span warn_period = minutes(1);

peer::Files files_of(const AgentConfig& config) {
    const std::filesystem::path& pki = config.places.pki;
    const std::string name = "agent-" + std::to_string(config.self.value);
    return {pki / "ca.crt", pki / (name + ".crt"), pki / (name + ".key")};
}

}  // namespace

Peers::Peers(boost::asio::io_context& loop, const AgentConfig& config, std::uint64_t boot,
             Hooks hooks)
    : loop_(loop),
      timer_(loop),
      config_(config),
      hooks_(std::move(hooks)),
      boot_(boot),
      tasks_(loop, threads) {}
Peers::~Peers() { stop(); }

Result<void> Peers::start(const Facts& facts) {
    for (const auto& [ordinal, fact] : facts.peers) {
        // Of the last cluster; another one clears them again.
        if (!fact.report.lineage.value.empty()) lineage_ = fact.report.lineage;
        remember(others_[ordinal], fact.report.self);
    }
    peer::Handlers handlers;
    handlers.report = [this] { return next_report(); };
    handlers.came_from = hooks_.came_from;
    handlers.heard = [this](Ordinal from, const PeerReport& report) {
        keep(from, report);
        boost::asio::post(loop_, [this, from, report] { tell_core(from, report); });
    };
    handlers.doubted = [this](peer::Doubt why, const std::string& what) {
        boost::asio::post(loop_, [this, why, what] { doubt(peer::name_of(why), what); });
    };
    auto server =
        peer::Server::start(config_.network.agent, files_of(config_), config_.self, handlers);
    if (!server) return tl::unexpected(server.error());
    server_ = std::move(*server);
    started_ = true;
    tick();
    return {};
}

void Peers::stop() {
    started_ = false;
    timer_.cancel();
    server_.reset();
    tasks_.stop();
}

void Peers::ask(const std::vector<Ordinal>& peers) {
    asked_ = {peers.begin(), peers.end()};
    if (started_) tick();
}

void Peers::tick() {
    renew();
    for (const Ordinal ordinal : replicas_) {
        // Who knows of no cluster tells nothing unasked.
        if (ordinal == config_.self || (lineage_.value.empty() && !asked_.contains(ordinal)))
            continue;
        if (due(ordinal, targets_[ordinal])) exchange(ordinal);
    }
    const Span period = config_.policy.probe_period;
    // Others that would found a cluster may wait for the first word of this agent.
    const Span next = asked_.empty() && founded_ ? period : std::min(period, asking_period);
    timer_.expires_after(std::chrono::microseconds(next.us));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && started_) tick();
    });
}

void Peers::renew() {
    Own own = hooks_.own();
    replicas_ = std::move(own.replicas);
    const std::lock_guard lock(mutex_);
    if (!own.lineage.value.empty() && own.lineage != lineage_) {
        lineage_ = own.lineage;
        self_ = {};
        others_.clear();
    }
    remember(self_, own.self);
    founded_ = hooks_.founded(lineage_);
    content_ = std::move(own.content);
    content_read_at_ = clock::since_boot();
}

// `self_` and `content_` change on this thread alone.
bool Peers::due(Ordinal ordinal, const Target& target) const {
    if (target.under_way) return false;
    if (target.told_content != without_growth(content_)) return true;
    if (asked_.contains(ordinal) || !target.told || *target.told != self_) return true;
    return clock::since_boot() >= target.told_at + config_.policy.heartbeat_period;
}

void Peers::exchange(Ordinal ordinal) {
    auto report = next_report();
    if (!report) return;
    Target& target = targets_[ordinal];
    if (!target.client)
        target.client = std::make_shared<peer::Client>(config_.network.agents.at(ordinal.value),
                                                       files_of(config_), config_.self, ordinal);
    target.under_way = true;
    tasks_.run([this, ordinal, client = target.client, report = std::move(*report)] {
        auto answer = client->exchange(report, exchange_deadline);
        return std::function<void()>([this, ordinal, told = report, answer = std::move(answer)] {
            answered(ordinal, told, answer);
        });
    });
}

void Peers::answered(Ordinal ordinal, const PeerReport& told, const Result<PeerReport>& answer) {
    Target& target = targets_[ordinal];
    target.under_way = false;
    if (!answer) {
        if (answer.error().kind == FailureKind::refused)
            doubt("not-believed", answer.error().where + ": " + answer.error().what);
        return;
    }
    target.told = told.self;
    target.told_content = without_growth(told.content);
    target.told_at = clock::since_boot();
    keep(ordinal, *answer);
    tell_core(ordinal, *answer);
}

// First-hand only: what a peer remembers of a third is its word, and is not told on.
void Peers::keep(Ordinal from, const PeerReport& report) {
    const std::lock_guard lock(mutex_);
    if (report.lineage == lineage_) remember(others_[from], report.self);
}

void Peers::tell_core(Ordinal from, const PeerReport& report) {
    if (!started_) return;
    hooks_.heard(from);
    Target& target = targets_[from];
    const Instant now = clock::since_boot();
    const bool asked = asked_.erase(from) > 0;
    const bool changed = !target.posted || without_growth(*target.posted) != without_growth(report);
    const bool grown = target.posted && (target.posted->self != report.self ||
                                         target.posted->others != report.others ||
                                         target.posted->content != report.content);
    const bool due = grown && now >= target.posted_at + config_.policy.heartbeat_period;
    if (!asked && !changed && !due) return;
    target.posted = report;
    target.posted_at = now;
    hooks_.post(PeerReported{from, report});
}

void Peers::doubt(const char* why, const std::string& what) {
    if (!started_) return;
    hooks_.refused(why);
    const Instant now = clock::since_boot();
    Instant& warned_at = warned_at_[why];
    if (warned_at != Instant{} && now < warned_at + warn_period) return;
    warned_at = now;
    hooks_.warn(std::string("a report between agents was refused, ") + why + ": " + what);
}

std::optional<PeerReport> Peers::next_report() {
    const std::lock_guard lock(mutex_);
    if (!founded_) return std::nullopt;
    PeerReport report{lineage_, boot_, ++sequence_, self_, others_, *founded_, content_};
    if (report.content)
        report.content->age = report.content->age + (clock::since_boot() - content_read_at_);
    return report;
}

}  // namespace quorate::host
