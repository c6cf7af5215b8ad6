#include "adapters/kube/conditions.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include "adapters/clock/clock.hpp"
#include "adapters/kube/objects.hpp"

namespace quorate::kube {
namespace {

using Status = Condition::Status;

constexpr Span deadline = seconds(2);
constexpr std::string_view domain = "quorate/";

const char* text_of(Status status) {
    switch (status) {
        case Status::yes:
            return "True";
        case Status::no:
            return "False";
        case Status::unknown:
            return "Unknown";
    }
    return "?";
}

Status status_of(const std::string& text) {
    if (text == "True") return Status::yes;
    return text == "False" ? Status::no : Status::unknown;
}

// Ours of them.
std::vector<Condition> conditions_in(const Json& pod) {
    std::vector<Condition> found;
    for (const Json& one : pod.value("/status/conditions"_json_pointer, Json::array())) {
        const std::string type = one.value("type", "");
        if (type.starts_with(domain))
            found.push_back({type.substr(domain.size()), status_of(one.value("status", "")),
                             one.value("reason", ""), one.value("message", "")});
    }
    return found;
}

const Condition* find(const std::vector<Condition>& all, const std::string& type) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Condition& one) { return one.type == type; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

PodConditions::PodConditions(std::shared_ptr<const Client> client, Pod pod, ConditionPace pace)
    : client_(std::move(client)), pod_(std::move(pod)), pace_(pace), thread_([this] { run(); }) {}

PodConditions::~PodConditions() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void PodConditions::are(std::vector<Condition> now) {
    const std::lock_guard lock(mutex_);
    if (now == wanted_) return;
    wanted_ = std::move(now);
    changed_.notify_all();
}

bool PodConditions::told() const {
    const std::lock_guard lock(mutex_);
    return wanted_ == told_;
}

std::uint32_t PodConditions::failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
}

// No: the pause was cut short by the end.
bool PodConditions::pause(std::unique_lock<std::mutex>& lock, Span span) {
    return !changed_.wait_for(lock, std::chrono::microseconds(span.us),
                              [this] { return stopping_; });
}

void PodConditions::run() {
    Span retry;
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || wanted_ != told_; });
        if (stopping_) return;
        Span wait = failures_ == 0 ? pace_.settle : retry;
        if (written_at_ != Instant{})
            wait = std::max(wait, written_at_ + pace_.period - clock::since_boot());
        if (!pause(lock, wait)) return;
        const std::vector<Condition> wanted = wanted_;
        lock.unlock();
        const bool done = write(wanted);
        lock.lock();
        if (done) {
            failures_ = 0;
            retry = Span{};
            told_ = wanted;
        } else {
            ++failures_;
            retry = std::clamp(retry * 2, pace_.retry_min, pace_.retry_max);
            told_.clear();  // who did not hear that it was done cannot know
        }
    }
}

// No: it may be tried again.
bool PodConditions::write(const std::vector<Condition>& wanted) {
    // What an earlier life of the agent wrote: a patch of nothing writes nothing, and its answer is
    // the pod. So the one right is enough.
    if (!there_ && !patch({})) return false;
    std::vector<Condition> differ;
    for (const Condition& one : wanted)
        if (const Condition* before = find(*there_, one.type); before == nullptr || *before != one)
            differ.push_back(one);
    if (differ.empty()) return true;
    written_at_ = clock::since_boot();
    return patch(differ);
}

bool PodConditions::patch(const std::vector<Condition>& conditions) {
    // With a uid that is not the pod's the API refuses it, as it does a kubelet's [pkg/util/pod
    // PatchPodStatus].
    Json body = {{"metadata", {{"uid", pod_.uid}}}};
    for (const Condition& one : conditions) {
        Json condition = {{"type", std::string(domain) + one.type},
                          {"status", text_of(one.status)},
                          {"reason", one.reason},
                          {"message", one.message}};
        // Left out it stays: it is the instant at which the status became another, not the words.
        const Condition* before = find(*there_, one.type);
        if (before == nullptr || before->status != one.status)
            condition["lastTransitionTime"] = micro_time(clock::wall());
        body["status"]["conditions"].push_back(std::move(condition));
    }
    const Resource resource{"v1", "pods", pod_.space, pod_.name};
    const auto answer = client_->patch_status(resource, body, deadline);
    if (answer && answer->ok()) {
        there_ = conditions_in(answer->body);
        complained_.clear();
        return true;
    }
    there_.reset();
    if (answer && answer->status != 429 && answer->status < 500)
        complain(failure_of(*answer, resource));
    return false;
}

void PodConditions::complain(const Failure& failure) {
    if (std::exchange(complained_, failure.what) != failure.what)
        std::fprintf(stderr, "quorate: conditions of %s are not told: %s\n", failure.where.c_str(),
                     failure.what.c_str());
}

}  // namespace quorate::kube
