#include "sim/xv/model.hpp"

#include <functional>

#include "sim/world/cluster.hpp"

namespace quorate::sim::xv {
namespace {

constexpr Span call_limit = seconds(8);     // of a client
constexpr Span request_limit = seconds(7);  // etcd's ReqTimeout

class Model final : public Side, private EtcdWatcher {
  public:
    Model(Version version, std::uint64_t seed)
        : kernel_(seed), cluster_(kernel_, network_, volumes_, *this, version) {}

    void pass(Span span) override {
        const Instant until = kernel_.now + span;
        while (!kernel_.queue.empty() && kernel_.queue.next_at() <= until) {
            const Happening what = kernel_.next();
            cluster_.happen(what);
        }
        kernel_.rest(until);
    }
    Instant now() override { return kernel_.now; }

    void start(std::uint8_t o, const Start& how) override {
        StartEtcd etcd;
        etcd.token = "token";
        etcd.founding = how.founding;
        for (const std::uint8_t each : how.listed)
            etcd.initial_cluster += (etcd.initial_cluster.empty() ? "" : ",") +
                                    ("m" + std::to_string(int{each})) + "=" +
                                    Cluster::peer_url(each);
        ended_[o].reset();
        EtcdFlags flags;
        flags.strict = how.flags.strict;
        flags.initial_check = how.flags.initial_check;
        flags.corrupt_check = how.flags.corrupt_check;
        flags.compact_check = how.flags.compact_check;
        flags.snapshot_count = how.flags.snapshot_count;
        flags.quota_mib = how.flags.quota_mib;
        cluster_.start(o, etcd, flags);
    }
    void kill(std::uint8_t o) override {
        cluster_.end(o, ExitClass::killed);
        ended_[o].reset();
    }
    void stop(std::uint8_t o) override {
        cluster_.stop(o);
        while (cluster_.process(o).life != Life::down)
            pass(milliseconds(10));
        ended_[o].reset();
    }
    void pause(std::uint8_t o, bool paused) override { cluster_.freeze(o, paused); }
    std::optional<ExitClass> ended(std::uint8_t o) override { return ended_[o]; }

    void wipe(std::uint8_t o) override { volumes_[o].data.reset(); }
    void copy(std::uint8_t from, std::uint8_t to) override { volumes_[to] = volumes_[from]; }
    void save(std::uint8_t o) override { saved_[o] = volumes_[o]; }
    void restore(std::uint8_t o) override { volumes_[o] = saved_[o]; }
    // Where the last record happens to lie so that its zeroed end holds a whole sector, it is taken
    // for a torn write and dropped [etcd v3.4 wal/decoder.go isTornEntry].
    void damage(std::uint8_t o, Damage kind) override {
        const bool torn =
            kind == Damage::wal_last_half && kernel_.streams.chance(o, Purpose::outcome, 12);
        cluster_.damage(o, torn ? Damage::wal_last_sector : kind);
    }
    void partition(const std::vector<Ordinals>& groups) override {
        for (const Ordinals& one : groups)
            for (const Ordinals& other : groups)
                if (&one != &other) cut(one, other);
        cluster_.touch();
    }
    void heal() override {
        network_.heal(kernel_.now);
        cluster_.touch();
    }

    MemberStatus status(std::uint8_t o) override { return cluster_.status(o); }
    std::optional<std::vector<Row>> members(std::uint8_t via) override;
    Reply add(std::uint8_t via, std::uint8_t o, bool learner) override {
        return request(via, [&](auto uid) {
            return cluster_.add(via, o, learner ? EntryKind::add_learner : EntryKind::add_voter,
                                uid);
        });
    }
    Reply promote(std::uint8_t via, MemberId id) override {
        return request(via, [&](auto uid) { return cluster_.promote(via, id, uid); });
    }
    Reply remove(std::uint8_t via, MemberId id) override {
        return request(via, [&](auto uid) { return cluster_.remove(via, id, uid); });
    }
    Reply move_leader(std::uint8_t via, MemberId to) override {
        if (auto refused = cluster_.move_leader(via, to)) return *refused;
        const Instant end = kernel_.now + request_limit;
        while (cluster_.status(via).leader != to && kernel_.now < end)
            pass(milliseconds(1));
        if (cluster_.status(via).leader != to) return Unknown{"request timed out"};
        return Done{};
    }
    Reply put(std::uint8_t via, std::uint64_t number) override {
        if (auto refused = cluster_.over_quota(via, 0)) return *refused;
        return taken(via, [&](auto uid) { return cluster_.put(via, number, uid); });
    }
    std::variant<Value, Refused, Unknown> get(std::uint8_t via, bool linearizable,
                                              std::uint64_t number) override;
    std::optional<ContentHash> hash(std::uint8_t o, Revision at) override {
        return cluster_.hash_at(o, at.value == 0 ? cluster_.revision(o) : at);
    }
    std::vector<AlarmRow> alarms(std::uint8_t via) override;
    Reply disarm(std::uint8_t via, const AlarmRow& alarm) override {
        const EntryKind kind = alarm.corrupt ? EntryKind::disarm : EntryKind::room;
        return taken(via, [&](auto uid) { return cluster_.alarm(via, kind, alarm.id, uid); });
    }
    Reply compact(std::uint8_t via) override {
        return taken(via,
                     [&](auto uid) { return cluster_.resize(via, EntryKind::compact, 0, uid); });
    }
    Reply defrag(std::uint8_t o) override {
        if (!cluster_.defragment(o)) return Refused{Refusal::not_reachable, "connection refused"};
        return Done{};
    }
    Reply fill(std::uint8_t via) override {
        if (auto refused = cluster_.over_quota(via, 1)) return *refused;
        return taken(via, [&](auto uid) { return cluster_.resize(via, EntryKind::fill, 1, uid); });
    }

  private:
    using Ask = std::function<std::optional<Refused>(std::uint64_t uid)>;
    using Take = std::function<bool(std::uint64_t uid)>;

    void cut(const Ordinals& from, const Ordinals& to) {
        for (const std::uint8_t a : from)
            for (const std::uint8_t b : to)
                network_.cut(a, b);
    }

    Reply request(std::uint8_t via, const Ask& ask) {
        ++uid_;
        asked_ = via;
        accepted_.reset();
        if (auto refused = ask(uid_)) return *refused;
        return awaited();
    }
    Reply taken(std::uint8_t via, const Take& take) {
        return request(via, [&](auto uid) -> std::optional<Refused> {
            if (!cluster_.process(via).answers())
                return Refused{Refusal::not_reachable, "connection refused"};
            (void)take(uid);
            return std::nullopt;
        });
    }
    Reply awaited() {
        const Instant until = kernel_.now + call_limit;
        while (!accepted_ && kernel_.now < until)
            pass(milliseconds(1));
        if (!accepted_) return Unknown{"no answer by the deadline"};
        if (*accepted_) return Done{};
        const MemberStatus status = cluster_.status(asked_);
        if (status.alarm_corrupt) return Refused{Refusal::corrupt, "corrupt cluster"};
        if (status.alarm_nospace) return Refused{Refusal::no_space, "database space exceeded"};
        return Refused{Refusal::member_not_found, "refused when applied"};
    }

    // EtcdWatcher
    void starting(std::uint8_t, const EtcdData&) override {}
    void founding(std::uint8_t, const EtcdData&) override {}
    void exited(std::uint8_t o, ExitClass why) override { ended_[o] = why; }
    void applied(std::uint8_t o, const LogEntry& entry, bool accepted) override {
        if (entry.uid == uid_ && o == asked_) accepted_ = accepted;
    }
    void established(std::uint8_t) override {}
    void removal_asked(std::uint8_t, MemberId) override {}
    void promotion_asked(std::uint8_t, MemberId) override {}

    Kernel kernel_;
    Network network_;
    std::array<Volume, Network::size> volumes_;
    Cluster cluster_;
    std::array<Volume, Network::size> saved_;
    std::array<std::optional<ExitClass>, Network::size> ended_;
    std::uint64_t uid_ = 0;
    std::uint8_t asked_ = 0;
    std::optional<bool> accepted_;
};

std::optional<std::vector<Row>> Model::members(std::uint8_t via) {
    const Process& process = cluster_.process(via);
    if (!process.answers()) return std::nullopt;
    std::vector<Row> rows;
    for (const View& view : process.conf)
        rows.push_back({view.id, view.started ? std::optional(view.name) : std::nullopt,
                        view.ordinal, view.learner});
    return rows;
}

std::variant<Value, Refused, Unknown> Model::get(std::uint8_t via, bool linearizable,
                                                 std::uint64_t number) {
    const Process& process = cluster_.process(via);
    if (!process.answers()) return Refused{Refusal::not_reachable, "connection refused"};
    if (cluster_.status(via).learner && linearizable)
        return Refused{Refusal::learner_unsupported, "rpc not supported for learner"};
    const Instant end = kernel_.now + request_limit;
    while (linearizable && !cluster_.serves(via) && kernel_.now < end)
        pass(milliseconds(1));
    if (linearizable && !cluster_.serves(via)) return Unknown{"request timed out"};
    if (number >= process.has.size() || !process.has[number]) return Value::missing;
    return cluster_.data(via)->changed == 0 ? Value::right : Value::wrong;
}

std::vector<AlarmRow> Model::alarms(std::uint8_t via) {
    std::vector<AlarmRow> rows;
    for (const MemberId id : cluster_.process(via).accused)
        rows.push_back({true, id});
    for (const MemberId id : cluster_.process(via).short_of)
        rows.push_back({false, id});
    return rows;
}

}  // namespace

Played play_model(const Scenario& scenario, Version version, std::uint64_t seed, const Told& told) {
    Model model(version, seed);
    return play(scenario, model, told);
}

Yield outcomes_until(const Scenario& scenario, Version version, const Wanted& wanted) {
    Yield yield;
    while (yield.seeds < seeds_max && !yield.found) {
        Played played = play_model(scenario, version, ++yield.seeds);
        if (played.is_void) continue;
        if (!played.fault.empty()) {
            yield.fault = "seed " + std::to_string(yield.seeds) + ": " + played.fault;
            break;
        }
        yield.found = wanted(played.trace);
        yield.traces.insert(std::move(played.trace));
    }
    if (yield.traces.empty() && yield.fault.empty()) yield.fault = "each of its plays was void";
    return yield;
}

std::string model_contradiction(const Scenario& scenario, Version version) {
    if (!scenario.fault.empty()) return scenario.fault;
    if (scenario.exempt(version) != nullptr) return {};
    std::string other;
    const Yield yield = outcomes_until(scenario, version, [&](const Trace& trace) {
        other = contradiction(scenario, version, trace);
        return other.empty();
    });
    if (!yield.fault.empty()) return yield.fault;
    return yield.found ? "" : other;
}

}  // namespace quorate::sim::xv
