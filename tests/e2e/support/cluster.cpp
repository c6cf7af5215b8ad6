#include "tests/e2e/support/cluster.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "adapters/etcd/tls.hpp"
#include "adapters/peer/client.hpp"
#include "adapters/process/pid_file.hpp"
#include "core/base/limits.hpp"

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

// Short, so that a test need not wait, and long enough for a busy machine with two cores. A learner
// that received a snapshot may need 7 s until it serves its clients: etcd asks its leader once,
// loses the answer while it exchanges its peers, and asks again after its request timeout.
// clang-format off
const std::vector<std::string> short_timings = {
    "probe_period=200ms", "heartbeat_period=5s", "unresponsive_after=10s", "stability_window=1s",
    "restart_backoff_min=100ms", "restart_backoff_max=2s", "retry_period=200ms",
    "catch_up_period=100ms", "learner_stuck_after=15s", "quorum_lost_after=5s",
    "survivors_wait=2s", "hash_check_period=3s", "high_water_period=2s", "authority_ttl=4s",
    "authority_stagger=300ms", "command_deadline=5s", "stop_grace=2s", "grace_period=30s",
    "agent_backoff_min=100ms", "agent_backoff_max=2s",
};
// clang-format on

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

std::string quorate_binary() {
    const std::string given = variable("QUORATE_BINARY");
    return given.empty() ? "quorate" : given;
}

fs::path etcd_cache() {
    if (const std::string dir = variable("QUORATE_ETCD_DIR"); !dir.empty()) return dir;
    if (const std::string cache = variable("QUORATE_CACHE"); !cache.empty())
        return fs::path(cache) / "etcd";
    if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty())
        return fs::path(cache) / "quorate" / "etcd";
    return fs::path(variable("HOME")) / ".cache" / "quorate" / "etcd";
}

std::vector<int> numbers_of(const std::string& release) {
    std::vector<int> numbers;
    std::istringstream parts(release);
    for (std::string part; std::getline(parts, part, '.');)
        numbers.push_back(std::atoi(part.c_str()));
    return numbers;
}

std::optional<std::string> from_path(const std::string& program) {
    std::istringstream parts(variable("PATH"));
    for (std::string part; std::getline(parts, part, ':');)
        if (::access((fs::path(part) / program).c_str(), X_OK) == 0)
            return fs::path(part) / program;
    return std::nullopt;
}

fs::path temporary_directory() {
    std::string path = "/tmp/quorate-e2e-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    return path;
}

}  // namespace

std::optional<std::string> etcd_binary() { return etcd_binary(variable("QUORATE_E2E_ETCD")); }

std::optional<std::string> etcd_binary(const std::string& wanted) {
    if (wanted.empty() || wanted == "3.4") return from_path("etcd");
    if (wanted.find('/') != std::string::npos) return wanted;
    std::error_code error;
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(etcd_cache(), error)) {
        const std::string release = entry.path().filename();
        if (release != wanted && !release.starts_with(wanted + ".")) continue;
        if (::access((entry.path() / "etcd").c_str(), X_OK) != 0) continue;
        if (newest.empty() || numbers_of(newest.filename()) < numbers_of(release))
            newest = entry.path();
    }
    if (newest.empty()) return std::nullopt;
    return newest / "etcd";
}

Version etcd_line() {
    const Ran ran = run({etcd_binary().value_or("etcd"), "--version"});
    const std::string text = ran.out + ran.err;
    const std::size_t at = text.find("etcd Version: ");
    std::vector<int> numbers =
        at == std::string::npos ? std::vector<int>()
                                : numbers_of(text.substr(at + 14, text.find('\n', at) - at - 14));
    if (numbers.size() < 2) throw std::runtime_error("no version in: " + text);
    return Version{static_cast<std::uint32_t>(numbers[0]), static_cast<std::uint32_t>(numbers[1]),
                   0};
}

// --- A life ------------------------------------------------------------------------------------

Cluster::Cluster(Options options)
    : options_(std::move(options)),
      etcd_((options_.etcd.empty() ? etcd_binary() : etcd_binary(options_.etcd)).value_or("etcd")),
      dir_(temporary_directory()),
      layout_(dir_),
      desired_(options_.replicas) {
    try {
        if (options_.lone_etcd) {
            fs::create_directory(programs());
            fs::copy_file(etcd_, programs() / "etcd");
            etcd_ = programs() / "etcd";
        }
        options_.before_start(layout_);
        start();
        await_steady(options_.replicas);
        member_ids(options_.replicas);
    } catch (...) {
        // No destructor runs for what was not constructed.
        for (const pid_t pid : processes_about(dir_.string()))
            ::kill(pid, SIGKILL);
        remove_files();
        throw;
    }
}

Cluster::~Cluster() {
    if (up_ > 0) {
        ::kill(up_, SIGKILL);
        await_exit(up_);
    }
    for (const pid_t pid : processes_about(dir_.string()))
        ::kill(pid, SIGKILL);
    eventually([&] { return processes_about(dir_.string()).empty(); });
    remove_files();
}

void Cluster::remove_files() const {
    if (!variable("QUORATE_E2E_KEEP").empty()) return;
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
    fs::remove_all(programs(), ignored);
}

void Cluster::start() {
    std::vector<std::string> words = {quorate_binary(), "up",
                                      "--dir",          dir_,
                                      "--replicas",     std::to_string(desired_),
                                      "--policy",       options_.policy,
                                      "--etcd",         etcd_,
                                      "--port-base",    std::to_string(ports_.base())};
    std::vector<std::string> assignments = short_timings;
    assignments.insert(assignments.end(), options_.set.begin(), options_.set.end());
    for (const std::string& assignment : assignments)
        words.insert(words.end(), {"--set", assignment});
    up_ = spawn(options_.run_by(words), dir_ / "test-up.log");
    await("an agent", [&] {
        if (!alive(up_)) throw std::runtime_error("up ended: " + said());
        return status().is_object();
    });
}

void Cluster::use_etcd(const std::string& release) {
    const auto found = etcd_binary(release);
    if (!found) throw std::runtime_error("there is no etcd " + release + " on this machine");
    etcd_ = *found;
}

void Cluster::stop_all() {
    const Ran down = command({"down"});
    if (down.status != 0) throw std::runtime_error("down failed: " + down.err + picture());
    await("end of every process", [&] { return processes_about(dir_.string()).empty(); });
    await_exit(up_);
    up_ = 0;
}

void Cluster::scale(int replicas) {
    const Ran scaled = command({"scale", std::to_string(replicas)});
    if (scaled.status != 0) throw std::runtime_error("scale failed: " + scaled.err + picture());
    desired_ = replicas;
}

// --- What it says ------------------------------------------------------------------------------

Ran Cluster::command(std::vector<std::string> words) const {
    words.insert(words.begin(), quorate_binary());
    words.insert(words.end(), {"--dir", dir_.string()});
    return run(words);
}

nlohmann::json Cluster::status() const {
    const Ran ran = command({"status", "--output", "json"});
    return nlohmann::json::parse(ran.out, nullptr, false);
}

nlohmann::json Cluster::member(int ordinal) const {
    const nlohmann::json now = status();
    if (!now.is_object() || !now.contains("members")) return nullptr;
    for (const auto& member : now["members"])
        if (member.value("ordinal", -1) == ordinal) return member;
    return nullptr;
}

// From the record, not from the status: on a busy machine the answer that tells it may be late.
std::string Cluster::member_id(int ordinal) const {
    const ClusterRecord now = record();
    const ReplicaEntry* entry = now.replicas.find(ordinal_of(ordinal));
    return entry == nullptr || entry->member_id.value == 0 ? std::string() : hex(entry->member_id);
}

std::vector<std::string> Cluster::member_ids(int replicas) {
    std::vector<std::string> ids;
    await("an identity of each replica in the record", [&] {
        ids.clear();
        for (int i = 0; i < replicas; ++i)
            ids.push_back(member_id(i));
        return std::find(ids.begin(), ids.end(), std::string()) == ids.end();
    });
    return ids;
}

nlohmann::json Cluster::await_parked() {
    nlohmann::json parked;
    await("a park", [&] {
        const nlohmann::json now = status();
        if (!now.is_object() || !now.contains("parked") || now["parked"].is_null()) return false;
        parked = now["parked"];
        return true;
    });
    return parked;
}

// From the files, not from the status: a busy agent may be late to answer.
pid_t Cluster::agent_pid(int ordinal) const {
    const auto found = process::read_pid_file(layout_.agent_pid(ordinal_of(ordinal)));
    return found && alive(found->pid) ? found->pid : 0;
}

pid_t Cluster::etcd_pid(int ordinal) const {
    const auto found = process::read_pid_file(layout_.etcd_pid(ordinal_of(ordinal)));
    return found && alive(found->pid) ? found->pid : 0;
}

int Cluster::leader() const {
    int leader = -1;
    const bool found = eventually([&] {
        const nlohmann::json now = status();
        if (!now.is_object() || !now.contains("members")) return false;
        for (const auto& member : now["members"])
            if (member.value("leader", false)) leader = member.value("ordinal", -1);
        return leader >= 0;
    });
    if (!found) throw std::runtime_error("no leader" + picture());
    return leader;
}

ClusterRecord Cluster::record() const {
    auto record = local::read_record(layout_.record());
    if (!record) throw std::runtime_error(record.error().what);
    if (!*record) throw std::runtime_error("there is no cluster record");
    return **record;
}

std::vector<std::string> Cluster::set_aside(int ordinal) const {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(volume(ordinal) / "set-aside", none))
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

bool Cluster::has_set_aside(int ordinal, const std::string& reason) const {
    const auto names = set_aside(ordinal);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return name.find(reason) != std::string::npos;
    });
}

void Cluster::await(const std::string& what) {
    const std::string limit = std::to_string(patience.count()) + "s";
    const Ran ran = command({"wait", "--for", what, "--timeout", limit});
    if (ran.status != 0)
        throw std::runtime_error("waited in vain for " + what + ": " + ran.err + picture());
}

void Cluster::await_steady(int replicas) {
    const std::string limit = std::to_string(patience.count()) + "s";
    const Ran ran = command(
        {"wait", "--for", "steady", "--replicas", std::to_string(replicas), "--timeout", limit});
    if (ran.status != 0)
        throw std::runtime_error("not steady with " + std::to_string(replicas) +
                                 " replicas: " + ran.err + picture());
}

void Cluster::await(const std::string& what, const std::function<bool()>& condition) {
    if (!eventually(condition)) throw std::runtime_error("waited in vain for " + what + picture());
}

void Cluster::await_replaced(int ordinal, const std::string& old_id) {
    await("another identity of replica " + std::to_string(ordinal), [&] {
        const nlohmann::json now = member(ordinal);
        if (!now.is_object() || now.value("role", "") != "voter") return false;
        const std::string id = now.value("member_id", "");
        return !id.empty() && id != old_id;
    });
}

std::string Cluster::picture() const {
    std::ostringstream text;
    const Ran now = command({"status", "--output", "json"});
    text << "\n--- status\n" << now.out << now.err;
    text << "\n--- decisions\n" << command({"explain", "--last", "30"}).out;
    text << "\n--- up\n" << tail_of(dir_ / "test-up.log", 2'000);
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        if (!fs::exists(layout_.replica(Ordinal{i}))) continue;
        text << "\n--- agent " << i << "\n" << tail_of(layout_.agent_log(Ordinal{i}), 5'000);
        text << "\n--- etcd " << i << "\n" << tail_of(layout_.etcd_log(Ordinal{i}), 1'500);
    }
    text << "\n--- record\n" << text_of(layout_.record());
    return text.str();
}

// --- What is done to it ------------------------------------------------------------------------

void Cluster::kill_etcd(int ordinal) { ::kill(etcd_pid(ordinal), SIGKILL); }
void Cluster::kill_agent(int ordinal) { ::kill(agent_pid(ordinal), SIGKILL); }
void Cluster::signal_agent(int ordinal, int signal) { ::kill(agent_pid(ordinal), signal); }

std::vector<pid_t> Cluster::processes_of(int ordinal) const {
    // The agent first: it would answer the death of its etcd with the next start.
    std::vector<pid_t> pids;
    if (const auto agent = process::read_pid_file(layout_.agent_pid(ordinal_of(ordinal))))
        pids.push_back(agent->pid);
    for (const pid_t pid : processes_about(volume(ordinal).string() + "/"))
        pids.push_back(pid);
    return pids;
}

void Cluster::kill_everything() {
    ::kill(up_, SIGKILL);
    for (const pid_t pid : processes_about(dir_.string()))
        ::kill(pid, SIGKILL);
    await_exit(up_);
    up_ = 0;
    await("end of every process", [&] { return processes_about(dir_.string()).empty(); });
}

void Cluster::while_dead(const std::vector<int>& ordinals, const std::function<void()>& change) {
    std::vector<pid_t> pids;
    for (const int ordinal : ordinals)
        for (const pid_t pid : processes_of(ordinal))
            pids.push_back(pid);
    // `up` stands still, so that nothing is started again before the change is complete.
    ::kill(up_, SIGSTOP);
    for (const pid_t pid : pids)
        ::kill(pid, SIGKILL);
    const bool dead = eventually([&] {
        return std::none_of(pids.begin(), pids.end(), [](pid_t pid) { return alive(pid); });
    });
    if (dead) change();
    ::kill(up_, SIGCONT);
    if (!dead) throw std::runtime_error("a killed process lives" + picture());
}

int Cluster::client_port(int ordinal) const {
    return local::ports_of(ports_.base(), ordinal_of(ordinal)).client;
}

peer::Address Cluster::peer_address(int ordinal) const {
    const bool tcp =
        std::find(options_.set.begin(), options_.set.end(), "peers_over=tcp") != options_.set.end();
    if (!tcp) return peer::UnixSocket{layout_.peer_socket(ordinal_of(ordinal))};
    return peer::TcpPort{"127.0.0.1", local::ports_of(ports_.base(), ordinal_of(ordinal)).agent};
}

LogIndex Cluster::remembered(int ordinal) const {
    const fs::path pki = layout_.pki();
    peer::Client asking(peer_address(0), {pki / "ca.crt", pki / "agent-2.crt", pki / "agent-2.key"},
                        Ordinal{2}, Ordinal{0});
    PeerReport nothing;
    nothing.lineage = record().lineage;
    nothing.boot = 1;
    nothing.sequence = 1;
    const auto told = asking.exchange(nothing, seconds(10));
    if (!told) return {};
    const Remembered* remembered = told->others.find(ordinal_of(ordinal));
    return remembered == nullptr ? LogIndex{} : remembered->position.index;
}

std::string Cluster::quorate() const { return quorate_binary(); }

std::unique_ptr<etcd::Client> Cluster::client(int ordinal) const {
    const local::Ports ports = local::ports_of(ports_.base(), ordinal_of(ordinal));
    const std::string host = "https://127.0.0.1:";
    auto client = etcd::Client::create(
        {host + std::to_string(ports.client), host + std::to_string(ports.peer)},
        etcd::Tls{layout_.pki() / "ca.crt", layout_.pki() / "client.crt",
                  layout_.pki() / "client.key"});
    if (!client) throw std::runtime_error(client.error().what + ": " + client.error().where);
    return std::move(*client);
}

Writer::Clients Cluster::clients(int replicas) const {
    Writer::Clients all;
    for (int i = 0; i < replicas; ++i)
        all.push_back(client(i));
    return all;
}

std::unique_ptr<etcd::Client> Cluster::serving_client() const {
    std::unique_ptr<etcd::Client> found;
    const bool serves = eventually([&] {
        for (int i = 0; i < static_cast<int>(limits::replicas_max); ++i) {
            found = client(i);
            if (found->status(seconds(3)).serves) return true;
        }
        return false;
    });
    if (!serves) throw std::runtime_error("no member serves" + picture());
    return found;
}

std::string Cluster::unreplayable() const {
    std::string problems;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        const fs::path journal = layout_.journal(Ordinal{i});
        if (!fs::exists(journal)) continue;
        const Ran ran = run({quorate_binary(), "replay", journal});
        if (ran.status != 0)
            problems += journal.string() + " exits with " + std::to_string(ran.status) + ": " +
                        ran.err + ran.out.substr(0, 2'000) + "\n";
    }
    return problems;
}

}  // namespace quorate::e2e
