// How a replica and its cluster are just now, where people and `kubectl wait` look for it: as
// conditions of its pod. Where Notices tell steps, these tell what they led to. Nothing depends on
// them.
#pragma once

#include <string>
#include <vector>

namespace quorate {

// In the terms of Kubernetes' API conventions, "Typical status properties".
struct Condition {
    enum class Status { yes, no, unknown };
    std::string type;  // one word in camel case, without a domain: "Member"
    Status status = Status::unknown;
    std::string reason;   // the same form: "Learner"
    std::string message;  // one line

    bool operator==(const Condition&) const = default;
};

class Conditions {
  public:
    virtual ~Conditions() = default;
    // All of them, each time. Never waits and never fails: what was said before and not told yet is
    // left out.
    virtual void are(std::vector<Condition> now) = 0;
};

}  // namespace quorate
