// Conditions of the agent's own pod, as `kubectl wait` and `kubectl describe pod` read them, each
// type with the domain `quorate/` before it (core/v1 PodCondition; of the status they are the part
// that a kubelet leaves to others). They are written when they changed, and by what differs alone:
// who has nothing new to say asks nothing.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/base/conditions.hpp"
#include "adapters/kube/client.hpp"
#include "core/base/instant.hpp"

namespace quorate::kube {

// What flaps must not fill the host's etcd.
struct ConditionPace {
    // What lasts no longer is not told: a change of the leader, the first moments of an agent.
    Span settle = seconds(3);
    Span period = seconds(10);  // from one write to the next
    // After a call in vain; the pause doubles with each in a row.
    Span retry_min = seconds(5);
    Span retry_max = minutes(2);
};

class PodConditions final : public Conditions {
  public:
    // Every call names `uid`, so that a pod of the same name that came after is never touched.
    struct Pod {
        std::string space;
        std::string name;
        std::string uid;  // not empty
    };
    PodConditions(std::shared_ptr<const Client> client, Pod pod, ConditionPace pace = {});
    // Waits for a call that is under way, two seconds at most. What still waits is left out.
    ~PodConditions() override;

    void are(std::vector<Condition> now) override;
    bool told() const;               // all that was said is in the pod
    std::uint32_t failures() const;  // calls in a row that did not do it

  private:
    void run();
    bool pause(std::unique_lock<std::mutex>& lock, Span span);
    bool write(const std::vector<Condition>& wanted);
    bool patch(const std::vector<Condition>& conditions);
    void complain(const Failure& failure);

    const std::shared_ptr<const Client> client_;
    const Pod pod_;
    const ConditionPace pace_;
    // Of the writing thread alone.
    std::optional<std::vector<Condition>> there_;  // in the pod, as the last answer has it
    Instant written_at_;                           // since boot; none: not in this life
    std::string complained_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Condition> wanted_;
    std::vector<Condition> told_;
    std::uint32_t failures_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace quorate::kube
