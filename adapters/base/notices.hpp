// What people are told of a cluster while it happens, where they look for it: Kubernetes shows it
// as Events. Nothing depends on it.
#pragma once

#include <string>

namespace quorate {

struct Notice {
    enum class Kind { normal, warning };
    enum class About { replica, cluster };
    Kind kind = Kind::normal;
    About about = About::replica;
    std::string reason;  // one word in camel case: "RemovingMember"
    std::string text;    // one line

    bool operator==(const Notice&) const = default;
};

class Notices {
  public:
    virtual ~Notices() = default;
    // Never waits and never fails: what cannot be told in time is left out.
    virtual void tell(Notice notice) = 0;
};

}  // namespace quorate
