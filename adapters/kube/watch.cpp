#include "adapters/kube/watch.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <random>

namespace quorate::kube {
namespace {

constexpr Span call_deadline = seconds(5);
constexpr Span watch_length = minutes(5);
constexpr Span desired_period = seconds(3);
constexpr Span first_pause = milliseconds(200);
constexpr Span longest_pause = seconds(10);

Failure failed(const Result<Answer>& answer, const Resource& resource) {
    return answer ? failure_of(*answer, resource) : answer.error();
}

}  // namespace

ObjectWatch::ObjectWatch(boost::asio::io_context& loop, std::shared_ptr<const Client> client,
                         Names names)
    : loop_(loop),
      client_(std::move(client)),
      names_(std::move(names)),
      seed_(std::random_device{}()) {}

ObjectWatch::~ObjectWatch() {
    {
        const std::lock_guard guard(mutex_);
        stop_ = true;
    }
    stopped_.notify_all();
    if (record_.joinable()) record_.join();
    if (desired_.joinable()) desired_.join();
}

Result<void> ObjectWatch::start(StoreNews news) {
    news_ = std::make_shared<StoreNews>(std::move(news));
    record_ = std::thread([this] { follow_record(); });
    desired_ = std::thread([this] { look_at_desired(); });
    return {};
}

void ObjectWatch::tell(Result<std::optional<Desired>> desired) {
    boost::asio::post(loop_, [alive = std::weak_ptr(news_), desired = std::move(desired)] {
        if (const auto news = alive.lock()) news->desired(desired);
    });
}
void ObjectWatch::tell(Result<std::optional<ClusterRecord>> record) {
    boost::asio::post(loop_, [alive = std::weak_ptr(news_), record = std::move(record)] {
        if (const auto news = alive.lock()) news->record(record);
    });
}

bool ObjectWatch::pause(Span span) {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, std::chrono::microseconds(with_jitter(span).us),
                      [this] { return stop_.load(); });
    return !stop_;
}

// Between three quarters and five quarters, so that the agents of many clusters do not ask at once.
Span ObjectWatch::with_jitter(Span span) {
    seed_ = seed_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return Span{span.us * 3 / 4 + static_cast<std::int64_t>(
                                      (seed_ >> 33) % static_cast<std::uint64_t>(span.us / 2 + 1))};
}

void ObjectWatch::follow_record() {
    const Resource resource = record_of(names_);
    Span wait = first_pause;
    Span wait_to_watch = first_pause;
    while (!stop_) {
        // From a list, whose version a watch may go on from also while there is no record.
        auto listed = client_->list(resource, call_deadline);
        if (!listed || !listed->ok()) {
            Failure failure = failed(listed, resource);
            failure.kind = FailureKind::unavailable;
            tell(Result<std::optional<ClusterRecord>>(tl::unexpected(std::move(failure))));
            if (!pause(wait)) return;
            wait = std::min(wait * 2, longest_pause);
            continue;
        }
        wait = first_pause;
        const Json items = listed->body.value("items", Json::array());
        tell(items.empty() ? Result<std::optional<ClusterRecord>>(std::nullopt)
                           : record_in(items.front(), names_));
        std::string version = listed->body.value("/metadata/resourceVersion"_json_pointer, "");
        // Goes on from where it was until the server has forgotten that.
        while (!stop_) {
            auto ended = client_->watch(
                resource, version, with_jitter(watch_length), stop_,
                [this, &version](Event event, const Json& object) {
                    version = object.value("/metadata/resourceVersion"_json_pointer, version);
                    if (event == Event::bookmark) return;
                    tell(event == Event::deleted
                             ? Result<std::optional<ClusterRecord>>(std::nullopt)
                             : record_in(object, names_));
                });
            if (ended && ended->ok()) {
                wait_to_watch = first_pause;
                continue;
            }
            // A version that is too old is mended by the next list, and so is a connection that
            // broke. Where watching is refused, lists go on alone, ever more seldom, and a person
            // hears why.
            if (!ended || ended->status == 410) {
                wait_to_watch = first_pause;
            } else {
                Failure failure = failure_of(*ended, resource);
                failure.kind = FailureKind::unavailable;
                tell(Result<std::optional<ClusterRecord>>(tl::unexpected(std::move(failure))));
                wait_to_watch = std::min(wait_to_watch * 2, longest_pause);
            }
            break;
        }
        if (!pause(wait_to_watch)) return;
    }
}

void ObjectWatch::look_at_desired() {
    const Resource resource = statefulset_of(names_);
    std::string uid;
    std::int64_t generation = 0;
    Span wait = desired_period;
    while (!stop_) {
        auto answer =
            client_->get(resource, generation == 0 ? Read::quorum : Read::cached, call_deadline);
        if (answer && answer->ok()) {
            wait = desired_period;
            const Json meta = answer->body.value("metadata", Json::object());
            const std::string now = meta.value("uid", "");
            const std::int64_t at = meta.value("generation", std::int64_t{0});
            // A cache may be older than the one that answered before.
            if (now != uid || at > generation) {
                uid = now;
                generation = at;
                auto desired = desired_in(answer->body, names_);
                tell(desired ? Result<std::optional<Desired>>(*desired)
                             : Result<std::optional<Desired>>(tl::unexpected(desired.error())));
            }
        } else if (!answer || answer->status != 404) {
            Failure failure = failed(answer, resource);
            failure.kind = FailureKind::unavailable;
            tell(Result<std::optional<Desired>>(tl::unexpected(std::move(failure))));
            wait = std::min(wait * 2, longest_pause * 3);
        }
        if (!pause(wait)) return;
    }
}

}  // namespace quorate::kube
