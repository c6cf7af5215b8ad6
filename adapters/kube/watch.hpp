// Tells the agent what the API says of the desired replicas and the record, as it changes. One
// watch an agent, on the record, which a replica that joins waits for; the StatefulSet is looked at
// every few seconds from the API server's cache, and asked anew where it matters.
//
// An API server that is down, slow or refuses is asked again, ever more seldom; nothing is told
// meanwhile but that it is so.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "adapters/base/store.hpp"
#include "adapters/kube/client.hpp"
#include "adapters/kube/store.hpp"

namespace quorate::kube {

class ObjectWatch final : public StoreWatch {
  public:
    ObjectWatch(boost::asio::io_context& loop, std::shared_ptr<const Client> client, Names names);
    ~ObjectWatch() override;  // within a second or so
    Result<void> start(StoreNews news) override;

  private:
    void follow_record();
    void look_at_desired();
    void tell(Result<std::optional<Desired>> desired);
    void tell(Result<std::optional<ClusterRecord>> record);
    // False: it ends.
    bool pause(Span span);
    Span with_jitter(Span span);

    boost::asio::io_context& loop_;
    const std::shared_ptr<const Client> client_;
    const Names names_;
    // What is posted may be run after this has gone.
    std::shared_ptr<StoreNews> news_;
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::condition_variable stopped_;
    std::uint64_t seed_;
    std::thread record_;
    std::thread desired_;
};

}  // namespace quorate::kube
