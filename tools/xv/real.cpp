#include "tools/xv/real.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <string_view>

#include "adapters/etcd/client.hpp"
#include "adapters/etcd/link.hpp"
#include "adapters/process/child.hpp"
#include "tools/xv/damage.hpp"
#include "tools/xv/flags.hpp"
#include "tools/xv/port_range.hpp"
#include "tools/xv/proxies.hpp"

namespace quorate::xv {
namespace {

namespace fs = std::filesystem;
using sim::xv::AlarmRow;
using sim::xv::Ordinals;
using sim::xv::Reply;
using sim::xv::Row;
using sim::xv::Start;
using sim::xv::Value;

constexpr Span call_limit = seconds(8);  // above etcd's own 7 s
constexpr Span look_limit = seconds(2);  // for what is asked again
constexpr std::size_t fill_bytes = 1 << 20;

std::string letter(std::uint8_t o) { return std::string(1, static_cast<char>('a' + o)); }

std::string key_of(std::uint64_t number) { return "key-" + std::to_string(number); }
// Long enough to be found in a database by its bytes.
std::string value_of(std::uint64_t number) {
    return "value-of-key-" + std::to_string(number) + "-end";
}

std::optional<std::uint8_t> ordinal_of(const std::string& name) {
    if (name.size() != 1) return std::nullopt;
    return static_cast<std::uint8_t>(name[0] - 'a');
}

template <class T>
Reply without_payload(const etcd::Answer<T>& answer) {
    if (const auto* refused = std::get_if<Refused>(&answer)) return *refused;
    if (const auto* unknown = std::get_if<Unknown>(&answer)) return *unknown;
    return Done{};
}

// ETCD_* variables would be taken for flags.
std::vector<std::string> environment() {
    std::vector<std::string> kept;
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (!std::string_view(*entry).starts_with("ETCD")) kept.emplace_back(*entry);
    return kept;
}

struct Member {
    std::unique_ptr<process::Child> child;
    std::unique_ptr<etcd::Client> client;
    std::unique_ptr<etcd::Link> link;  // for what the product never asks
    std::optional<ExitClass> ended;
    bool paused = false;
};

class Real final : public sim::xv::Side {
  public:
    Real(const Release& release, fs::path dir, bool partitions)
        : release_(release), dir_(std::move(dir)) {
        if (!partitions || !fault().empty()) return;
        proxies_ = std::make_unique<Proxies>();
        for (std::uint8_t o = 0; o < PortRange::members; ++o)
            if (!proxies_->serve(o, ports_.at(o, 2), ports_.at(o, 1))) fault_ = "a port is taken";
    }

    std::string fault() const { return !fault_.empty() ? fault_ : ports_.fault(); }

    void pass(Span span) override {
        io_.restart();
        io_.run_for(std::chrono::microseconds(span.us));
    }
    Instant now() override {
        return Instant{std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::steady_clock::now().time_since_epoch())
                           .count()};
    }

    void start(std::uint8_t o, const Start& how) override;
    void kill(std::uint8_t o) override { end(o, SIGKILL); }
    void stop(std::uint8_t o) override { end(o, SIGTERM); }
    void pause(std::uint8_t o, bool paused) override {
        if (members_[o].child) (void)members_[o].child->signal(paused ? SIGSTOP : SIGCONT);
    }
    std::optional<ExitClass> ended(std::uint8_t o) override {
        io_.restart();
        io_.poll();
        return members_[o].ended;
    }

    void wipe(std::uint8_t o) override { fs::remove_all(data(o)); }
    void copy(std::uint8_t from, std::uint8_t to) override { replace(data(from), data(to)); }
    void save(std::uint8_t o) override { replace(data(o), saved(o)); }
    void restore(std::uint8_t o) override { replace(saved(o), data(o)); }
    void damage(std::uint8_t o, sim::Damage kind) override {
        if (kind == sim::Damage::restore_killed) restore_from_database(o);
        note(damage_files(data(o), kind, value_of(1)));
    }
    void partition(const std::vector<Ordinals>& groups) override {
        for (const Ordinals& one : groups)
            for (const Ordinals& other : groups)
                if (&one < &other) cut(one, other);
    }
    void heal() override {
        if (proxies_) proxies_->heal();
    }

    MemberStatus status(std::uint8_t o) override {
        if (!members_[o].client || members_[o].ended) return {};
        return client(o).status(look_limit);
    }
    std::optional<std::vector<Row>> members(std::uint8_t via) override;
    Reply add(std::uint8_t via, std::uint8_t o, bool learner) override;
    Reply promote(std::uint8_t via, MemberId id) override {
        return client(via).promote(id, call_limit);
    }
    Reply remove(std::uint8_t via, MemberId id) override {
        return client(via).remove(id, call_limit);
    }
    Reply move_leader(std::uint8_t via, MemberId to) override {
        return client(via).move_leader(to, call_limit);
    }
    Reply put(std::uint8_t via, std::uint64_t number) override {
        return without_payload(client(via).put(key_of(number), value_of(number), call_limit));
    }
    std::variant<Value, Refused, Unknown> get(std::uint8_t via, bool linearizable,
                                              std::uint64_t number) override;
    std::optional<ContentHash> hash(std::uint8_t o, Revision at) override;
    std::vector<AlarmRow> alarms(std::uint8_t via) override;
    Reply disarm(std::uint8_t via, const AlarmRow& alarm) override {
        const auto kind = alarm.corrupt ? etcd::AlarmKind::corrupt : etcd::AlarmKind::nospace;
        return client(via).disarm(alarm.id, kind, call_limit);
    }
    Reply compact(std::uint8_t via) override {
        return client(via).compact(client(via).status(call_limit).revision, call_limit);
    }
    Reply defrag(std::uint8_t o) override { return client(o).defragment(call_limit); }
    Reply fill(std::uint8_t via) override {
        return without_payload(client(via).put("filler", std::string(fill_bytes, 'x'), call_limit));
    }

  private:
    void note(const Result<void>& done) {
        if (!done && fault_.empty()) fault_ = done.error().what + ": " + done.error().where;
    }
    void replace(const fs::path& from, const fs::path& to) {
        fs::remove_all(to);
        note(copy_tree(from, to));
    }
    fs::path data(std::uint8_t o) const { return dir_ / letter(o); }
    fs::path saved(std::uint8_t o) const { return dir_ / (letter(o) + ".saved"); }
    std::string client_url(std::uint8_t o) const { return url(ports_.at(o, 0)); }
    std::string listen_url(std::uint8_t o) const { return url(ports_.at(o, 1)); }
    std::string peer_url(std::uint8_t o) const { return url(ports_.at(o, proxies_ ? 2 : 1)); }
    static std::string url(std::uint16_t port) {
        return "http://127.0.0.1:" + std::to_string(port);
    }

    void cut(const Ordinals& one, const Ordinals& other) {
        for (const std::uint8_t a : one)
            for (const std::uint8_t b : other)
                proxies_->cut(a, b);
    }

    void restore_from_database(std::uint8_t o);
    etcd::Client& client(std::uint8_t o);
    etcd::Link& link(std::uint8_t o);
    void end(std::uint8_t o, int signal);
    std::vector<std::string> arguments(std::uint8_t o, const Start& how) const;
    std::optional<std::uint8_t> owner_of(const std::string& peer) const;

    const Release& release_;
    fs::path dir_;
    std::string fault_;
    PortRange ports_;
    std::unique_ptr<Proxies> proxies_;  // only where a scenario cuts: they cost a hop
    boost::asio::io_context io_;
    // Time passes too while no child is there to be waited for.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        io_.get_executor()};
    std::map<std::uint8_t, Member> members_;
};

// With the tool beside this etcd; Debian's etcdctl, which all up to 3.5 understand, where it has
// none.
void Real::restore_from_database(std::uint8_t o) {
    const fs::path tool = release_.etcd.parent_path() / "etcdutl";
    const fs::path made = dir_ / (letter(o) + ".restored");
    process::Spec spec;
    std::error_code error;
    spec.program = fs::exists(tool, error) ? tool : fs::path("/usr/bin/etcdctl");
    spec.arguments = {"snapshot",
                      "restore",
                      (data(o) / "member" / "snap" / "db").string(),
                      "--skip-hash-check",
                      "--data-dir=" + made.string(),
                      "--name=" + letter(o),
                      "--initial-cluster=" + letter(o) + "=" + peer_url(o),
                      "--initial-advertise-peer-urls=" + peer_url(o),
                      "--initial-cluster-token=xv"};
    spec.environment = environment();
    spec.environment.emplace_back("ETCDCTL_API=3");
    spec.log = dir_ / "restore.log";
    std::optional<ChildExit> exit;
    auto child =
        process::Child::spawn(io_, std::move(spec), [&exit](const ChildExit& how) { exit = how; });
    if (!child) return note(tl::unexpected(child.error()));
    io_.restart();
    while (!exit && io_.run_one() > 0)
        continue;
    if (!exit || exit->status != 0 || exit->signal != 0)
        return note(refused("snapshot restore failed", (dir_ / "restore.log").string()));
    replace(made, data(o));
}

etcd::Client& Real::client(std::uint8_t o) {
    auto& client = members_[o].client;
    if (!client) client = std::move(*etcd::Client::create({client_url(o), listen_url(o)}, {}));
    return *client;
}

etcd::Link& Real::link(std::uint8_t o) {
    auto& link = members_[o].link;
    if (!link) link = std::move(*etcd::Link::create(*etcd::parse_url(client_url(o)), {}));
    return *link;
}

std::vector<std::string> Real::arguments(std::uint8_t o, const Start& how) const {
    std::string cluster;
    for (const std::uint8_t each : how.listed)
        cluster += (cluster.empty() ? "" : ",") + letter(each) + "=" + peer_url(each);
    std::vector<std::string> list{
        "--name=" + letter(o),
        "--data-dir=" + data(o).string(),
        "--listen-client-urls=" + client_url(o),
        "--advertise-client-urls=" + client_url(o),
        "--listen-peer-urls=" + listen_url(o),
        "--initial-advertise-peer-urls=" + peer_url(o),
        "--initial-cluster=" + cluster,
        std::string("--initial-cluster-state=") + (how.founding ? "new" : "existing"),
        "--initial-cluster-token=xv",
        // 3.4 with its default logger drops the connection where the peer port has to refuse.
        "--logger=zap",
        "--log-outputs=stderr",
        // A machine that is short of time is not to elect another leader in between.
        "--election-timeout=4000",
    };
    for (std::string& flag : spelled(how.flags, release_.version))
        list.push_back(std::move(flag));
    return list;
}

void Real::start(std::uint8_t o, const Start& how) {
    Member& member = members_[o];
    member.ended.reset();
    process::Spec spec;
    spec.program = release_.etcd;
    spec.arguments = arguments(o, how);
    spec.environment = environment();
    spec.log = dir_ / (letter(o) + ".log");
    auto child = process::Child::spawn(
        io_, std::move(spec), [&member](const ChildExit& exit) { member.ended = exit.exit_class; });
    if (!child) {
        fault_ = child.error().what;
        return;
    }
    member.child = std::move(*child);
    if (proxies_) proxies_->runs_as(o, member.child->pid());
    (void)client(o);
}

void Real::end(std::uint8_t o, int signal) {
    Member& member = members_[o];
    if (!member.child) return;
    (void)member.child->signal(SIGCONT);
    (void)member.child->signal(signal);
    io_.restart();
    while (member.child->running() && io_.run_one() > 0)
        continue;
    member.child.reset();
    member.ended.reset();
}

std::optional<std::uint8_t> Real::owner_of(const std::string& peer) const {
    for (std::uint8_t o = 0; o < PortRange::members; ++o)
        if (peer == peer_url(o)) return o;
    return std::nullopt;
}

std::optional<std::vector<Row>> Real::members(std::uint8_t via) {
    const auto answer = client(via).members(Freshness::local, look_limit);
    const auto* list = std::get_if<MemberList>(&answer);
    if (list == nullptr) return std::nullopt;
    std::vector<Row> rows;
    for (const ListedMember& member : list->members)
        rows.push_back(
            {member.id, ordinal_of(member.name),
             member.peer_urls.empty() ? std::nullopt : owner_of(member.peer_urls.front()),
             member.learner});
    return rows;
}

Reply Real::add(std::uint8_t via, std::uint8_t o, bool learner) {
    etcd::pb::MemberAddRequest request;
    request.add_peerurls(peer_url(o));
    request.set_islearner(learner);
    return without_payload(etcd::call(link(via), &etcd::pb::Cluster::Stub::MemberAdd, request,
                                      etcd::deadline_after(call_limit)));
}

std::variant<Value, Refused, Unknown> Real::get(std::uint8_t via, bool linearizable,
                                                std::uint64_t number) {
    etcd::pb::RangeRequest request;
    request.set_key(key_of(number));
    request.set_serializable(!linearizable);
    const auto answer = etcd::call(link(via), &etcd::pb::KV::Stub::Range, request,
                                   etcd::deadline_after(call_limit));
    if (const auto* refused = std::get_if<Refused>(&answer)) return *refused;
    if (const auto* unknown = std::get_if<Unknown>(&answer)) return *unknown;
    const auto& response = std::get<etcd::pb::RangeResponse>(answer);
    if (response.kvs().empty()) return Value::missing;
    return response.kvs(0).value() == value_of(number) ? Value::right : Value::wrong;
}

std::optional<ContentHash> Real::hash(std::uint8_t o, Revision at) {
    if (members_[o].ended || !members_[o].client) return std::nullopt;
    const auto answer = client(o).peer_hash(at, ClusterId{}, look_limit);
    const auto* hash = std::get_if<ContentHash>(&answer);
    return hash == nullptr ? std::nullopt : std::optional(*hash);
}

std::vector<AlarmRow> Real::alarms(std::uint8_t via) {
    const auto answer = client(via).alarms(look_limit);
    const auto* list = std::get_if<std::vector<etcd::Alarm>>(&answer);
    std::vector<AlarmRow> rows;
    if (list == nullptr) return rows;
    for (const etcd::Alarm& alarm : *list)
        rows.push_back({alarm.kind == etcd::AlarmKind::corrupt, alarm.member});
    return rows;
}

}  // namespace

sim::xv::Played play_real(const sim::xv::Scenario& scenario, const Release& release, Files files,
                          const sim::xv::Told& told) {
    std::string path = "/tmp/quorate-xv-XXXXXX";
    sim::xv::Played played;
    if (::mkdtemp(path.data()) == nullptr) {
        played.fault = "no directory could be made in /tmp";
        return played;
    }
    {
        const bool partitions =
            std::any_of(scenario.steps.begin(), scenario.steps.end(),
                        [](const auto& step) { return step.words[0] == "partition"; });
        Real real(release, path, partitions);
        if (real.fault().empty()) played = sim::xv::play(scenario, real, told);
        if (!real.fault().empty()) played.fault = real.fault();
    }
    std::error_code ignored;
    if (!played.fault.empty())
        played.fault += "; its files stay in " + path;
    else if (files == Files::go)
        fs::remove_all(path, ignored);
    else if (told)
        told("files in " + path);
    return played;
}

}  // namespace quorate::xv
