#include "adapters/host/outbox.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "adapters/clock/clock.hpp"
#include "adapters/host/etcd_arguments.hpp"
#include "adapters/host/rebuild.hpp"
#include "core/base/limits.hpp"

namespace quorate::host {
namespace {

constexpr std::size_t store_threads = 2;
constexpr int signal_terminate = 15;
constexpr int signal_kill = 9;

// Set-aside data of one volume: two weeks to notice, and never more than the quota of two etcds,
// but the two newest whatever their age and size.
constexpr disk::Retention kept{hours(24 * 14), Bytes{std::uint64_t{4} << 30}, 2};

using Ended = std::variant<Done, Refused, Unknown>;

Ended outcome_of(const Failure& failure, Refusal refusal) {
    const std::string text =
        failure.what + (failure.where.empty() ? "" : " (" + failure.where + ")");
    if (failure.kind == FailureKind::unknown) return Unknown{text};
    return Refused{refusal, text};
}

template <class T>
CommandEnded ended_with(CommandId id, const Result<T>& result, Refusal refusal, Brought brought) {
    if (!result) return {id, outcome_of(result.error(), refusal), Nothing{}};
    return {id, Done{}, std::move(brought)};
}

// An answer of etcd: its payload becomes what the command brought back.
template <class T, class Make>
CommandEnded answered(CommandId id, etcd::Answer<T> answer, Make make) {
    if (auto* refused = std::get_if<Refused>(&answer)) return {id, *refused, Nothing{}};
    if (auto* unknown = std::get_if<Unknown>(&answer)) return {id, *unknown, Nothing{}};
    return {id, Done{}, make(std::get<T>(std::move(answer)))};
}
CommandEnded answered(CommandId id, etcd::Answer<Done> answer) {
    return answered(id, std::move(answer), [](Done) { return Brought(Nothing{}); });
}

constexpr const char* other_number = "other replicas are desired now";

CommandEnded not_as_assumed(CommandId id, const char* why) {
    return {id, Refused{Refusal::precondition, why}, Nothing{}};
}
CommandEnded without_authority(CommandId id) {
    return not_as_assumed(id, "authority is no longer held");
}

CommandEnded disarmed(etcd::Client& client, CommandId id, etcd::AlarmKind kind,
                      const std::vector<MemberId>& members, Span deadline) {
    for (const MemberId member : members)
        if (auto done = client.disarm(member, kind, deadline); !std::holds_alternative<Done>(done))
            return answered(id, std::move(done));
    return {id, Done{}, Nothing{}};
}

etcd::Answer<ContentHash> hash_at(etcd::Client& client, const MemberStatus& status, Revision at,
                                  Span deadline) {
    return status.learner ? client.peer_hash(at, status.cluster_id, deadline)
                          : client.hash(at, deadline);
}

// Before 3.4.27 and 3.5.10 a store that is compacted up to its head refuses a hash at its head, but
// not one of "now" (etcd facts 10). It counts only if now is still that revision.
std::optional<ContentHash> hash_of(etcd::Client& client, const MemberStatus& status, Revision at,
                                   Span deadline) {
    auto answer = hash_at(client, status, at, deadline);
    if (const auto* hash = std::get_if<ContentHash>(&answer)) return *hash;
    const auto* refused = std::get_if<Refused>(&answer);
    if (refused == nullptr || refused->refusal != Refusal::compacted) return std::nullopt;
    answer = hash_at(client, status, Revision{0}, deadline);
    const auto* now = std::get_if<ContentHash>(&answer);
    if (now == nullptr || now->revision != at) return std::nullopt;
    return *now;
}

// Hashes at the lowest current revision, so that every one of them can answer. Learners are asked
// on their peer port (etcd facts 7, 10).
ContentCompared compare(Members& members, const std::vector<Ordinal>& replicas, Span deadline) {
    SmallMap<Ordinal, MemberStatus> statuses;
    ContentCompared compared;
    for (const Ordinal ordinal : replicas) {
        const MemberStatus status = members.client(ordinal)->status(deadline);
        compared.hashes[ordinal].member_id = status.member_id;
        if (!status.answers) continue;
        if (compared.revision == Revision{} || status.revision < compared.revision)
            compared.revision = status.revision;
        statuses[ordinal] = status;
    }
    for (const auto& [ordinal, status] : statuses) {
        ContentHash& hash = compared.hashes[ordinal];
        hash.revision = status.revision;
        auto got = hash_of(*members.client(ordinal), status, compared.revision, deadline);
        if (!got) continue;
        hash = *got;
        hash.member_id = status.member_id;
        hash.answered = true;
    }
    return compared;
}

std::vector<std::string> etcd_environment() {
    // Clean but for what finds programs and libraries: ETCD_* would override flags (etcd
    // facts 4.2).
    std::vector<std::string> environment;
    for (const char* name : {"PATH", "HOME", "TMPDIR", "GOMAXPROCS", "GODEBUG"})
        if (const char* value = std::getenv(name))
            environment.push_back(std::string(name) + "=" + value);
    return environment;
}

}  // namespace

Outbox::Outbox(boost::asio::io_context& loop, const AgentConfig& config, const Settings& settings,
               Store& store, Tasks& tasks, Members& members, Prober& prober, Hooks hooks)
    : loop_(loop),
      config_(config),
      settings_(settings),
      store_(store),
      volume_{config.places.volume},
      store_tasks_(loop, store_threads),
      tasks_(tasks),
      members_(members),
      prober_(prober),
      hooks_(std::move(hooks)),
      kill_timer_(loop),
      renew_timer_(loop) {}

Outbox::~Outbox() = default;

struct Outbox::Carry {
    Outbox& box;
    const Command& command;
    Span deadline;

    void operator()(const ExamineDisk&) const {
        box.on_worker(command, [volume = box.volume_](CommandId id) {
            auto report = disk::examine(volume);
            if (!report) return CommandEnded{id, outcome_of(report.error(), Refusal::disk), {}};
            return CommandEnded{id, Done{}, *report};
        });
    }
    void operator()(const SetAsideData& body) const {
        box.on_worker(command, [volume = box.volume_, reason = body.reason](CommandId id) {
            auto name = disk::set_aside(volume, {reason, clock::wall()});
            // What could not be pruned is tried again with the next one; nothing waits for it.
            if (name)
                static_cast<void>(disk::prune_set_aside(volume, kept, clock::wall()).has_value());
            return ended_with(id, name, Refusal::disk, Nothing{});
        });
    }
    void operator()(const StampVolume& body) const {
        box.on_worker(command, [volume = box.volume_, identity = body.identity](CommandId id) {
            return ended_with(id, disk::stamp(volume, identity), Refusal::disk, Nothing{});
        });
    }
    void operator()(const StartEtcd& body) const { box.start_etcd(command, body); }
    void operator()(const StopEtcd& body) const { box.stop_etcd(command, body); }
    void operator()(const RebuildEtcd& body) const {
        box.on_worker(command, [&config = box.config_, body, wait = deadline](CommandId id) {
            const Span each{wait.us / 3};
            return ended_with(id, rebuild_etcd(config, body, each), Refusal::not_possible,
                              Nothing{});
        });
    }
    void operator()(const WriteRecord& body) const {
        auto* self = &box;
        box.store_tasks_.run([self, id = command.id, body, told = box.hooks_.desired()] {
            if (body.record.rebuild && self->others_are_desired(told))
                return std::function<void()>(
                    [self, id] { self->ended(not_as_assumed(id, other_number)); });
            auto swapped = self->store_.swap(body);
            return std::function<void()>([self, id, swapped = std::move(swapped)] {
                if (!swapped) {
                    self->ended({id, outcome_of(swapped.error(), Refusal::disk), Nothing{}});
                } else if (swapped->conflict) {
                    self->hooks_.post(RecordSeen{swapped->now, {}});
                    self->ended({id, Refused{Refusal::conflict, "the record moved on"}, {}});
                } else {
                    self->ended({id, Done{}, Nothing{}});
                }
            });
        });
    }
    void operator()(const AcquireAuthority& body) const { box.acquired(command, body); }
    void operator()(const ReleaseAuthority& body) const {
        box.held_ = Fence{};
        box.renew_timer_.cancel();
        box.at_store(command, [&store = box.store_, fence = body.fence](CommandId id) {
            return ended_with(id, store.release(fence), Refusal::conflict, Nothing{});
        });
    }
    void operator()(const ListMembers& body) const {
        box.on_worker(command,
                      [client = box.members_.client(body.via), d = deadline](CommandId id) {
                          return answered(id, client->members(Freshness::linearizable, d),
                                          [](MemberList list) { return Brought(std::move(list)); });
                      });
    }
    void operator()(const AddLearner& body) const {
        under_authority(
            body.via, body.fence,
            [url = body.peer_url, d = deadline](etcd::Client& client, CommandId id) {
                return answered(id, client.add_learner(url, d), [](etcd::Added added) {
                    return Brought(LearnerAdded{added.member.id, std::move(added.list)});
                });
            });
    }
    void operator()(const PromoteMember& body) const {
        under_authority(
            body.via, body.fence,
            [member = body.member_id, d = deadline](etcd::Client& client, CommandId id) {
                return answered(id, client.promote(member, d));
            });
    }
    void operator()(const RemoveMember& body) const {
        under_authority(body.via, body.fence,
                        [self = &box, told = box.hooks_.desired(), member = body.member_id,
                         d = deadline](etcd::Client& client, CommandId id) {
                            if (self->others_are_desired(told))
                                return not_as_assumed(id, other_number);
                            return answered(id, client.remove(member, d));
                        });
    }
    void operator()(const MoveLeader& body) const {
        under_authority(body.via, body.fence,
                        [to = body.to, d = deadline](etcd::Client& client, CommandId id) {
                            return answered(id, client.move_leader(to, d));
                        });
    }
    void operator()(const CompareContent& body) const {
        box.on_worker(command, [&members = box.members_, body, d = deadline](CommandId id) {
            return CommandEnded{id, Done{}, compare(members, body.replicas, d)};
        });
    }
    void operator()(const DisarmCorrupt& body) const {
        under_authority(body.via, body.fence,
                        [ids = body.accused, d = deadline](etcd::Client& client, CommandId id) {
                            return disarmed(client, id, etcd::AlarmKind::corrupt, ids, d);
                        });
    }
    void operator()(const Compact& body) const {
        under_authority(body.via, body.fence,
                        [at = body.at, d = deadline](etcd::Client& client, CommandId id) {
                            return answered(id, client.compact(at, d * 30));
                        });
    }
    void operator()(const Defragment& body) const {
        auto* self = &box;
        box.tasks_.run([self, body, id = command.id, d = deadline,
                        client = box.members_.client(body.replica)] {
            CommandEnded outcome = self->still_fenced(body.fence)
                                       ? answered(id, client->defragment(d * 30))
                                       : without_authority(id);
            return std::function<void()>([self, body, outcome = std::move(outcome)] {
                self->ended(outcome);
                self->prober_.forget(body.replica);  // its size is another now
            });
        });
    }
    void operator()(const DisarmNospace& body) const {
        under_authority(body.via, body.fence, [d = deadline](etcd::Client& client, CommandId id) {
            auto listed = client.alarms(d);
            const auto* alarms = std::get_if<std::vector<etcd::Alarm>>(&listed);
            if (alarms == nullptr) return CommandEnded{id, Unknown{"no list of alarms"}, {}};
            std::vector<MemberId> ids;
            for (const etcd::Alarm& alarm : *alarms)
                if (alarm.kind == etcd::AlarmKind::nospace) ids.push_back(alarm.member);
            return disarmed(client, id, etcd::AlarmKind::nospace, ids, d);
        });
    }
    void operator()(const ProbeReplicas& body) const { box.prober_.probe(body.replicas); }
    void operator()(const AskPeers& body) const { box.hooks_.ask_peers(body.peers); }
    void operator()(const WakeAt& body) const { box.hooks_.wake_at(body.at); }
    void operator()(const ExitAgent& body) const { box.hooks_.exit(body.reason); }

  private:
    template <class Ask>
    void under_authority(Ordinal via, Fence fence, Ask ask) const {
        auto* self = &box;
        const Instant given_up = clock::since_boot() + deadline;
        box.on_worker(
            command, [self, fence, ask, given_up, client = box.members_.client(via)](CommandId id) {
                if (!self->still_fenced(fence)) return without_authority(id);
                // Whoever stood still so long may have been overtaken: what it rests on is asked
                // again.
                if (clock::since_boot() >= given_up)
                    return not_as_assumed(id, "its time has passed");
                return ask(*client, id);
            });
    }
};

void Outbox::release(std::span<const Command> commands) {
    for (const Command& command : commands)
        std::visit(Carry{*this, command, settings_.policy.command_deadline}, command.body);
}

void Outbox::on_worker(const Command& command, Work work) { in(tasks_, command, std::move(work)); }
void Outbox::at_store(const Command& command, Work work) {
    in(store_tasks_, command, std::move(work));
}

void Outbox::in(Tasks& tasks, const Command& command, Work work) {
    tasks.run([this, id = command.id, work = std::move(work)] {
        CommandEnded outcome = work(id);
        return std::function<void()>(
            [this, outcome = std::move(outcome)] { ended(std::move(outcome)); });
    });
}

void Outbox::ended(CommandEnded outcome) { hooks_.post(std::move(outcome)); }

// S11: valid when it is sent, with time to spare for the call to land.
bool Outbox::still_fenced(Fence fence) const {
    const auto holds = store_.holds(fence, seconds(1));
    return holds && *holds;
}

// A number that was told some time ago removes nobody: the store itself is asked (S12).
bool Outbox::others_are_desired(const std::optional<Desired>& told) const {
    const auto now = store_.desired();
    return !now || *now != told;
}

void Outbox::start_etcd(const Command& command, const StartEtcd& start) {
    // Asked again by a core that slept through the answer: it is as wanted.
    if (etcd_) return ended({command.id, Done{}, EtcdSpawned{etcd_->pid()}});
    process::Spec spec;
    spec.program = config_.etcd;
    spec.arguments = etcd_arguments(config_, settings_, start);
    spec.environment = etcd_environment();
    spec.log = config_.places.etcd_log;
    spec.pid_file = config_.places.etcd_pid;
    if (auto leftover = process::stop_leftover(spec.pid_file, settings_.policy.stop_grace);
        !leftover) {
        ended({command.id, outcome_of(leftover.error(), Refusal::precondition), Nothing{}});
        return;
    }
    auto child = process::Child::spawn(loop_, std::move(spec),
                                       [this](const ChildExit& exit) { etcd_exited(exit); });
    if (!child) {
        ended({command.id, outcome_of(child.error(), Refusal::not_possible), Nothing{}});
        return;
    }
    etcd_ = std::move(*child);
    ended({command.id, Done{}, EtcdSpawned{etcd_->pid()}});
}

void Outbox::etcd_exited(const ChildExit& exit) {
    kill_timer_.cancel();
    etcd_.reset();
    // The core forgets what this etcd said; an equal answer of the next one is news.
    prober_.forget(config_.self);
    hooks_.post(EtcdExited{exit});
}

void Outbox::stop_etcd(const Command& command, const StopEtcd& stop) {
    // The core asks again when it takes long; what waits already is enough.
    if (etcd_ && !std::exchange(stop_waits_, true))
        hooks_.before_etcd_stops([this, pid = etcd_->pid(), grace = stop.grace] {
            stop_waits_ = false;
            // It may have ended meanwhile, and another one runs.
            if (etcd_pid() == pid) end_etcd(grace);
        });
    ended({command.id, Done{}, Nothing{}});
}

void Outbox::end_etcd(Span grace) {
    static_cast<void>(etcd_->signal(signal_terminate).has_value());
    kill_timer_.expires_after(std::chrono::microseconds(grace.us));
    kill_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error && etcd_) static_cast<void>(etcd_->signal(signal_kill).has_value());
    });
}

void Outbox::acquired(const Command& command, const AcquireAuthority& acquire) {
    ttl_ = acquire.ttl;
    const Instant given_up =
        clock::since_boot() + settings_.policy.command_deadline + limits::outcome_grace;
    store_tasks_.run([this, id = command.id, ttl = acquire.ttl, given_up] {
        auto fence = store_.acquire(ttl);
        return std::function<void()>([this, id, fence = std::move(fence), given_up] {
            // The core waits no longer: a lease that it does not know of is not renewed, and runs
            // out.
            if (clock::since_boot() >= given_up) return;
            if (!fence) {
                ended({id, outcome_of(fence.error(), Refusal::conflict), Nothing{}});
                return;
            }
            held_ = *fence;
            renew_later();
            ended({id, Done{}, AuthorityGranted{*fence}});
        });
    });
}

void Outbox::renew_later() {
    renew_timer_.expires_after(std::chrono::microseconds(ttl_.us / 3));
    renew_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error || held_.value == 0) return;
        store_tasks_.run([this, fence = held_, ttl = ttl_] {
            auto renewed = store_.renew(fence, ttl);
            return std::function<void()>([this, fence, renewed = std::move(renewed)] {
                if (fence != held_) return;
                if (renewed) {
                    renew_later();
                } else {
                    held_ = Fence{};
                    hooks_.post(AuthorityLost{fence, renewed.error().what});
                }
            });
        });
    });
}

std::int32_t Outbox::etcd_pid() const { return etcd_ ? etcd_->pid() : 0; }

void Outbox::abandon_etcd() {
    store_tasks_.stop();
    renew_timer_.cancel();
    kill_timer_.cancel();
    etcd_.reset();
}

}  // namespace quorate::host
