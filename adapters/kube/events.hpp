// Notices as Kubernetes shows them: `kubectl events`, `kubectl describe pod`. Of the own pod, or of
// the StatefulSet when they are about the cluster.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "adapters/base/notices.hpp"
#include "adapters/kube/client.hpp"
#include "adapters/kube/store.hpp"

namespace quorate::kube {

// As many at once as client-go's recorder writes of one object, and then one in ten seconds: what
// flaps must not fill the host's etcd.
inline constexpr std::size_t events_at_once = 25;
inline constexpr Span event_period = seconds(10);

class Events final : public Notices {
  public:
    // `pod_uid` empty: events are found by the pod's name alone.
    Events(std::shared_ptr<const Client> client, Names names, std::string pod, std::string pod_uid);
    // Waits for a call that is under way, two seconds at most. What still waits is left out.
    ~Events() override;

    void tell(Notice notice) override;
    std::size_t waiting() const;  // also the one that is being written

  private:
    struct Waiting {
        Notice notice;
        Instant at;  // on the wall
        std::uint64_t left_out = 0;
    };
    void run();
    bool write(const Waiting& one);
    Json object_of(const Waiting& one, const std::string& name);
    Json about(Notice::About what);

    const std::shared_ptr<const Client> client_;
    const Names names_;
    const std::string pod_;
    const std::string pod_uid_;
    Json statefulset_;  // as it was found once, for its uid
    std::string complained_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Waiting> waiting_;
    bool stopping_ = false;
    bool writing_ = false;
    double allowed_ = events_at_once;
    Instant counted_at_;  // since boot
    std::uint64_t left_out_ = 0;
    std::uint64_t number_ = 0;
    std::thread thread_;
};

}  // namespace quorate::kube
