#include "tests/contract/etcd/forms.hpp"

#include <sys/wait.h>

#include <cstdio>

#include "adapters/etcd/texts.hpp"
#include "adapters/process/classify.hpp"
#include "adapters/process/tail.hpp"

namespace quorate::etcd::test {
namespace {

namespace fs = std::filesystem;

template <class T>
Answer<Done> without_payload(Answer<T> answer) {
    if (auto* refused = std::get_if<Refused>(&answer)) return *refused;
    if (auto* unknown = std::get_if<Unknown>(&answer)) return *unknown;
    return Done{};
}

// "etcd Version: 3.4.23"
Version version_of_binary() {
    std::FILE* pipe = ::popen((binary() + " --version").c_str(), "r");
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    const int read = std::fscanf(pipe, "etcd Version: %u.%u.%u", &major, &minor, &patch);
    while (std::fgetc(pipe) != EOF)
        continue;
    ::pclose(pipe);
    if (read != 3) throw std::runtime_error(binary() + " does not tell its version");
    return {major, minor, patch};
}

}  // namespace

// --- Real ------------------------------------------------------------------------------------

std::uint8_t Real::newcomer() {
    cluster_.prepare();
    return static_cast<std::uint8_t>(cluster_.size() - 1);
}

std::optional<ExitClass> Real::ended(std::uint8_t o) {
    const auto status = cluster_.at(o).ended();
    if (!status) return std::nullopt;
    process::Tail tail;
    tail.add(cluster_.at(o).log());
    process::Ending ending;
    if (WIFEXITED(*status)) ending.status = WEXITSTATUS(*status);
    if (WIFSIGNALED(*status)) ending.signal = WTERMSIG(*status);
    return process::classify(ending, tail.lines()).exit_class;
}

void Real::save(std::uint8_t o) {
    fs::copy(data(o), data(o).string() + ".saved", fs::copy_options::recursive);
}
void Real::roll_back(std::uint8_t o) {
    wipe(o);
    fs::copy(data(o).string() + ".saved", data(o), fs::copy_options::recursive);
}

Answer<Done> Real::add_learner(std::uint8_t via, std::uint8_t o, Span deadline) {
    return without_payload(cluster_.at(via).client().add_learner(peer_url(o), deadline));
}
Answer<Done> Real::promote(std::uint8_t via, MemberId id, Span deadline) {
    return cluster_.at(via).client().promote(id, deadline);
}
Answer<Done> Real::remove(std::uint8_t via, MemberId id, Span deadline) {
    return cluster_.at(via).client().remove(id, deadline);
}
Answer<Done> Real::move_leader(std::uint8_t via, MemberId to, Span deadline) {
    return cluster_.at(via).client().move_leader(to, deadline);
}
Answer<Done> Real::put(std::uint8_t via, Span deadline) {
    return without_payload(cluster_.at(via).client().put("key", "value", deadline));
}
std::optional<MemberList> Real::members(std::uint8_t via, Freshness freshness, Span deadline) {
    auto answer = cluster_.at(via).client().members(freshness, deadline);
    auto* list = std::get_if<MemberList>(&answer);
    return list == nullptr ? std::nullopt : std::optional(std::move(*list));
}
MemberStatus Real::status(std::uint8_t o, Span deadline) {
    return cluster_.at(o).client().status(deadline);
}
std::optional<ContentHash> Real::hash(std::uint8_t o, Revision at) {
    const auto answer = cluster_.at(o).client().peer_hash(at, ClusterId{}, patience);
    const auto* hash = std::get_if<ContentHash>(&answer);
    return hash == nullptr ? std::nullopt : std::optional(*hash);
}

// --- Simulated -------------------------------------------------------------------------------

Simulated::Simulated(int size)
    : version_(version_of_binary()),
      size_(static_cast<std::uint8_t>(size)),
      cluster_(kernel_, network_, volumes_, *this, version_) {
    for (std::uint8_t o = 0; o < size_; ++o)
        start(o, true);
    for (std::uint8_t o = 0; o < size_; ++o)
        if (!eventually([&] { return cluster_.serves(o); }))
            throw std::runtime_error("the model does not serve");
}

void Simulated::pass(Span span) {
    const Instant until = kernel_.now + span;
    while (!kernel_.queue.empty() && kernel_.queue.next_at() <= until) {
        const sim::Happening what = kernel_.next();
        cluster_.happen(what);
    }
    kernel_.rest(until);
}

bool Simulated::eventually(const std::function<bool()>& condition) {
    const Instant until = kernel_.now + seconds(60);
    while (!condition()) {
        if (kernel_.now > until) return false;
        pass(milliseconds(20));
    }
    return true;
}

void Simulated::start(std::uint8_t o, bool founding) {
    StartEtcd how;
    how.token = "token";
    how.founding = founding;
    for (std::uint8_t each = 0; each < size_; ++each)
        how.initial_cluster += (each == 0 ? "" : ",") + ("m" + std::to_string(int{each})) + "=" +
                               sim::Cluster::peer_url(each);
    ended_[o].reset();
    cluster_.start(o, how);
}

void Simulated::applied(std::uint8_t o, const sim::LogEntry& entry, bool accepted) {
    if (entry.uid == last_uid_ && o == asked_) accepted_ = accepted;
}

Answer<Done> Simulated::request(std::uint8_t via, Span deadline, const Ask& ask) {
    ++last_uid_;
    asked_ = via;
    accepted_.reset();
    if (auto refused = ask(last_uid_)) return *refused;
    const Instant until = kernel_.now + deadline;
    while (!accepted_ && kernel_.now < until)
        pass(milliseconds(1));
    if (!accepted_) return Unknown{"no answer by the deadline"};
    if (!*accepted_) return Refused{Refusal::member_not_found, "refused when applied"};
    return Done{};
}

Answer<Done> Simulated::add_learner(std::uint8_t via, std::uint8_t o, Span deadline) {
    return request(via, deadline, [&](auto uid) { return cluster_.add_learner(via, o, uid); });
}
Answer<Done> Simulated::promote(std::uint8_t via, MemberId id, Span deadline) {
    return request(via, deadline, [&](auto uid) { return cluster_.promote(via, id, uid); });
}
Answer<Done> Simulated::remove(std::uint8_t via, MemberId id, Span deadline) {
    return request(via, deadline, [&](auto uid) { return cluster_.remove(via, id, uid); });
}
Answer<Done> Simulated::move_leader(std::uint8_t via, MemberId to, Span deadline) {
    if (auto refused = cluster_.move_leader(via, to)) return *refused;
    pass(deadline < seconds(1) ? deadline : seconds(1));
    return Done{};
}
Answer<Done> Simulated::put(std::uint8_t via, Span deadline) {
    return request(via, deadline, [&](auto uid) -> std::optional<Refused> {
        if (cluster_.put(via, uid, uid)) return std::nullopt;
        pass(deadline);
        return std::nullopt;
    });
}
std::optional<MemberList> Simulated::members(std::uint8_t via, Freshness freshness, Span deadline) {
    const Instant until = kernel_.now + deadline;
    auto list = cluster_.members(via, freshness);
    for (; !list && kernel_.now < until; list = cluster_.members(via, freshness))
        pass(milliseconds(1));
    return list;
}
MemberStatus Simulated::status(std::uint8_t o, Span) const { return cluster_.status(o); }
std::optional<ContentHash> Simulated::hash(std::uint8_t o, Revision at) const {
    return cluster_.hash_at(o, at);
}

}  // namespace quorate::etcd::test
