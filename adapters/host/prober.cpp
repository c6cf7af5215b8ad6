#include "adapters/host/prober.hpp"

#include <algorithm>

#include "adapters/clock/clock.hpp"
#include "adapters/etcd/url.hpp"
#include "core/base/check.hpp"
#include "core/facts/growth.hpp"

namespace quorate::host {
namespace {

std::chrono::microseconds duration(Span span) { return std::chrono::microseconds(span.us); }

}  // namespace

Prober::Prober(boost::asio::io_context& loop, Tasks& tasks, Members& members, Settings settings,
               Post post, Names* names)
    : loop_(loop),
      timer_(loop),
      tasks_(tasks),
      members_(members),
      settings_(std::move(settings)),
      post_(std::move(post)),
      names_(names) {}

void Prober::probe(const std::vector<Ordinal>& replicas) {
    std::map<std::uint32_t, Target> next;
    for (const Ordinal ordinal : replicas)
        next[ordinal.value] = targets_[ordinal.value];
    targets_ = std::move(next);
    std::erase_if(latest_, [&](const auto& entry) { return !targets_.contains(entry.first); });
    tick();
}

void Prober::stop() {
    targets_.clear();
    timer_.cancel();
}

void Prober::forget(Ordinal ordinal) {
    const auto found = targets_.find(ordinal.value);
    if (found == targets_.end()) return;
    found->second.told.reset();
    found->second.told_list.reset();
    found->second.outdated = found->second.under_way;
}

void Prober::ask_anew() {
    for (auto& [ordinal, target] : targets_) {
        target.told.reset();
        target.outdated = target.under_way;
        ask(Ordinal{ordinal});
    }
}

void Prober::tick() {
    bool all_serve = true;
    for (auto& [ordinal, target] : targets_) {
        if (!target.told || !target.told->serves) all_serve = false;
        ask(Ordinal{ordinal});
    }
    // While something is missing it is looked for more often: a start takes a fraction of a period,
    // and so does a learner that has caught up.
    const Span period = settings_.policy.probe_period;
    const Span next = all_serve ? period : std::min(period, milliseconds(200));
    timer_.expires_after(duration(next));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) tick();
    });
}

void Prober::ask(Ordinal ordinal) {
    Target& target = targets_[ordinal.value];
    if (target.under_way) {
        target.again = true;
        return;
    }
    target.under_way = true;
    const Span deadline = std::max(settings_.policy.probe_period, seconds(1));
    const bool own = ordinal == settings_.self;
    tasks_.run([this, ordinal, deadline, own] {
        auto client = members_.client(ordinal);
        MemberStatus status = client->status(deadline);
        if (!status.answers && members_.turn(ordinal)) {
            client = members_.client(ordinal);
            status = client->status(deadline);
        }
        std::optional<MemberList> list;
        if (own && status.answers && !status.learner) {
            auto answer = client->members(Freshness::local, deadline);
            if (auto* got = std::get_if<MemberList>(&answer)) list = std::move(*got);
        }
        return std::function<void()>([this, ordinal, own, status, list = std::move(list)] {
            if (status.answers || own || names_ == nullptr)
                answered(ordinal, status, list);
            else
                was_silent(ordinal);
        });
    });
}

// Silence is worth a look at its name only where it would be told.
void Prober::was_silent(Ordinal ordinal) {
    const auto found = targets_.find(ordinal.value);
    if (found == targets_.end()) return;
    if (!found->second.outdated && !due(found->second, MemberStatus{}))
        return answered(ordinal, MemberStatus{}, std::nullopt);
    const auto url = etcd::parse_url(settings_.addresses.at(ordinal.value).client_url);
    QUORATE_REQUIRE(url.has_value());  // our own
    names_->ask(url->host, [this, ordinal](Lookup lookup) {
        MemberStatus status;
        status.unresolved = lookup == Lookup::no_answer;
        answered(ordinal, status, std::nullopt);
    });
}

void Prober::answered(Ordinal ordinal, const MemberStatus& status, std::optional<MemberList> list) {
    const auto found = targets_.find(ordinal.value);
    if (found == targets_.end()) return;
    Target& target = found->second;
    target.under_way = false;
    const MemberStatus before = std::exchange(latest_[ordinal.value], status);
    if (std::exchange(target.outdated, false)) {
        target.again = false;
        ask(ordinal);
        return;
    }
    // How far a member had come is its last word: what was not worth telling while it grew is told
    // before the silence (S8).
    if (before.answers && !status.answers && target.told && *target.told != before)
        post_(ReplicaProbed{ordinal, before});
    if (due(target, status)) {
        target.told = status;
        target.told_at = clock::since_boot();
        post_(ReplicaProbed{ordinal, status});
    }
    if (list && target.told_list != list) {
        target.told_list = list;
        post_(MembersSeen{*list});
    }
    if (std::exchange(target.again, false)) ask(ordinal);
}

bool Prober::due(const Target& target, const MemberStatus& status) const {
    const bool changed = !target.told || without_growth(*target.told) != without_growth(status);
    return changed || clock::since_boot() >= target.told_at + settings_.policy.heartbeat_period;
}

}  // namespace quorate::host
