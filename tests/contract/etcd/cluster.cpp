#include "tests/contract/etcd/cluster.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>

#include "adapters/local/pki.hpp"

namespace quorate::etcd::test {

std::string binary() {
    const char* given = std::getenv("QUORATE_ETCD");
    return given != nullptr && *given != '\0' ? given : "etcd";
}

namespace {

// etcd takes ETCD_* variables for flags.
std::vector<char*> environment() {
    std::vector<char*> kept;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        if (!std::string_view(*entry).starts_with("ETCD_")) kept.push_back(*entry);
    }
    kept.push_back(nullptr);
    return kept;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts)
        list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

// Only async-signal-safe calls between fork and exec: gRPC's threads are running.
pid_t spawn(std::vector<std::string> command, const std::filesystem::path& log) {
    const auto argv = pointers(command);
    const auto envp = environment();
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::execvpe(argv[0], argv.data(), envp.data());
    ::_exit(127);
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

TempDir::TempDir() {
    std::string path = "/tmp/quorate-etcd-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = path;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

// --- Member ----------------------------------------------------------------------------------

Member::Member(std::filesystem::path dir, std::string name, bool tls)
    : dir_(std::move(dir)), name_(std::move(name)) {
    const std::string scheme = tls ? "https" : "http";
    endpoint_.client_url = scheme + "://127.0.0.1:" + std::to_string(free_port());
    endpoint_.peer_url = scheme + "://127.0.0.1:" + std::to_string(free_port());
    std::optional<Tls> files;
    if (tls)
        files =
            Tls{dir_ / "pki" / "ca.crt", dir_ / "pki" / "client.crt", dir_ / "pki" / "client.key"};
    auto client = Client::create(endpoint_, files);
    if (!client) throw std::runtime_error(client.error().what);
    client_ = std::move(*client);
}

Member::~Member() { kill(); }

void Member::start(const std::vector<std::string>& arguments) {
    std::vector<std::string> command{
        binary(),
        "--name=" + name_,
        "--data-dir=" + (dir_ / name_).string(),
        "--listen-client-urls=" + endpoint_.client_url,
        "--advertise-client-urls=" + endpoint_.client_url,
        "--listen-peer-urls=" + endpoint_.peer_url,
        "--initial-advertise-peer-urls=" + endpoint_.peer_url,
        // 3.4 with its default logger drops the connection where the peer port has to refuse.
        "--logger=zap",
    };
    command.insert(command.end(), arguments.begin(), arguments.end());
    pid_ = spawn(std::move(command), dir_ / (name_ + ".log"));
}

void Member::stop() {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
}

void Member::go_on() { ::kill(pid_, SIGCONT); }

void Member::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
}

std::optional<int> Member::ended() {
    int status = 0;
    if (pid_ <= 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = 0;
    return status;
}

std::string Member::log() const {
    std::ifstream file(dir_ / (name_ + ".log"));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// --- Cluster ---------------------------------------------------------------------------------

Cluster::Cluster(Options options) : options_(std::move(options)) {
    if (options_.wire == Wire::tls) {
        const auto made = local::ensure_pki(dir_.path() / "pki", {"localhost", "127.0.0.1", "::1"});
        if (!made) throw std::runtime_error(made.error().what);
    }
    for (int count = 0; count < options_.size; ++count)
        prepare();
    for (auto& member : members_)
        member->start(arguments("new"));
    for (auto& member : members_) {
        if (!eventually([&] { return member->client().status(patience).serves; }))
            throw std::runtime_error("etcd does not serve:\n" + member->log());
    }
}

std::optional<Tls> Cluster::tls() const {
    if (options_.wire == Wire::plain) return std::nullopt;
    const auto dir = dir_.path() / "pki";
    return Tls{dir / "ca.crt", dir / "client.crt", dir / "client.key"};
}

Member& Cluster::prepare() {
    const std::string name = "m" + std::to_string(members_.size());
    members_.push_back(std::make_unique<Member>(dir_.path(), name, options_.wire == Wire::tls));
    return *members_.back();
}

void Cluster::join(Member& member) { member.start(arguments("existing")); }

void Cluster::restart(std::size_t index, const std::string& state) {
    at(index).start(arguments(state));
}

std::string Cluster::initial_cluster() const {
    std::string text;
    for (const auto& member : members_)
        text += (text.empty() ? "" : ",") + member->name() + "=" + member->endpoint().peer_url;
    return text;
}

std::vector<std::string> Cluster::arguments(const std::string& state) const {
    std::vector<std::string> list{"--initial-cluster=" + initial_cluster(),
                                  "--initial-cluster-state=" + state,
                                  "--initial-cluster-token=" + dir_.path().filename().string()};
    if (options_.wire == Wire::tls) {
        const auto file = [&](const char* name) { return (dir_.path() / "pki" / name).string(); };
        for (const std::string prefix : {"", "peer-"}) {
            list.push_back("--" + prefix + "cert-file=" + file("peer.crt"));
            list.push_back("--" + prefix + "key-file=" + file("peer.key"));
            list.push_back("--" + prefix + "trusted-ca-file=" + file("ca.crt"));
            list.push_back("--" + prefix + "client-cert-auth=true");
        }
    }
    list.insert(list.end(), options_.arguments.begin(), options_.arguments.end());
    return list;
}

MemberId Cluster::id(std::size_t index) { return at(index).client().status(patience).member_id; }

std::size_t Cluster::leader() {
    for (std::size_t index = 0; index < size(); ++index) {
        const auto status = at(index).client().status(patience);
        if (status.answers && status.leader == status.member_id) return index;
    }
    throw std::runtime_error("no leader");
}

}  // namespace quorate::etcd::test
