#include "adapters/kube/events.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "adapters/clock/clock.hpp"
#include "adapters/kube/objects.hpp"

namespace quorate::kube {
namespace {

constexpr Span deadline = seconds(2);
constexpr std::chrono::seconds ask_again{5};
constexpr std::size_t text_bytes_most = 1024;  // of a message [core/v1 validation/events.go]

const char* type_of(Notice::Kind kind) {
    return kind == Notice::Kind::warning ? "Warning" : "Normal";
}

}  // namespace

Events::Events(std::shared_ptr<const Client> client, Names names, std::string pod,
               std::string pod_uid)
    : client_(std::move(client)),
      names_(std::move(names)),
      pod_(std::move(pod)),
      pod_uid_(std::move(pod_uid)),
      counted_at_(clock::since_boot()),
      thread_([this] { run(); }) {}

Events::~Events() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Events::tell(Notice notice) {
    const std::lock_guard lock(mutex_);
    const Instant now = clock::since_boot();
    allowed_ += static_cast<double>((now - counted_at_).us) / static_cast<double>(event_period.us);
    allowed_ = std::min<double>(allowed_, events_at_once);
    counted_at_ = now;
    if (allowed_ < 1) {
        ++left_out_;
        return;
    }
    allowed_ -= 1;
    waiting_.push_back({std::move(notice), clock::wall(), std::exchange(left_out_, 0)});
    // While the API server is away the newest are worth more.
    if (waiting_.size() > events_at_once) {
        waiting_[1].left_out += waiting_.front().left_out + 1;
        waiting_.pop_front();
    }
    changed_.notify_all();
}

std::size_t Events::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size() + (writing_ ? 1 : 0);
}

void Events::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        Waiting one = std::move(waiting_.front());
        waiting_.pop_front();
        writing_ = true;
        lock.unlock();
        const bool done = write(one);
        lock.lock();
        writing_ = false;
        if (done) continue;
        waiting_.push_front(std::move(one));
        changed_.wait_for(lock, ask_again, [this] { return stopping_; });
    }
}

// No: it may be tried again.
bool Events::write(const Waiting& one) {
    // Unique without a look at what is there: the instant and a count, as client-go names them.
    std::array<char, 40> suffix{};
    std::snprintf(suffix.data(), suffix.size(), ".%llx.%llx",
                  static_cast<unsigned long long>(one.at.us),
                  static_cast<unsigned long long>(++number_));
    const Resource resource{"v1", "events", names_.space, pod_ + suffix.data()};
    const auto answer = client_->create(resource, object_of(one, resource.name), deadline);
    if (!answer) return false;
    if (answer->ok()) return true;
    if (answer->status == 429 || answer->status >= 500) return false;
    const std::string why = failure_of(*answer, resource).what;
    if (std::exchange(complained_, why) != why)
        std::fprintf(stderr, "quorate: an event is not told: %s\n", why.c_str());
    return true;
}

Json Events::object_of(const Waiting& one, const std::string& name) {
    std::string text = one.notice.text;
    if (one.left_out > 0)
        text += " (" + std::to_string(one.left_out) + " before it are left out here)";
    if (text.size() > text_bytes_most) text.resize(text_bytes_most);
    const std::string at = micro_time(one.at);
    return {
        {"apiVersion", "v1"},
        {"kind", "Event"},
        {"metadata", {{"name", name}, {"namespace", names_.space}, {"labels", labels_of(names_)}}},
        {"involvedObject", about(one.notice.about)},
        {"reason", one.notice.reason},
        {"message", text},
        {"type", type_of(one.notice.kind)},
        {"source", {{"component", "quorate"}}},
        {"firstTimestamp", at},
        {"lastTimestamp", at},
        {"count", 1}};
}

Json Events::about(Notice::About what) {
    if (what == Notice::About::replica) {
        Json pod = {
            {"apiVersion", "v1"}, {"kind", "Pod"}, {"name", pod_}, {"namespace", names_.space}};
        if (!pod_uid_.empty()) pod["uid"] = pod_uid_;
        return pod;
    }
    if (statefulset_.is_null()) {
        const auto found = client_->get(statefulset_of(names_), Read::cached, deadline);
        if (found && found->ok()) statefulset_ = found->body;
    }
    Json set = {{"apiVersion", "apps/v1"},
                {"kind", "StatefulSet"},
                {"name", names_.statefulset},
                {"namespace", names_.space}};
    const std::string uid = statefulset_.is_null()
                                ? ""
                                : statefulset_.value("/metadata/uid"_json_pointer, std::string());
    if (!uid.empty()) set["uid"] = uid;
    return set;
}

}  // namespace quorate::kube
