// Whether DNS tells where the other replicas are. Who cannot be looked up was not asked, and an
// unasked member is not a silent one: an outage of DNS must not look like the death of whoever
// restarts during it (requirements C6).
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "adapters/host/tasks.hpp"
#include "core/base/instant.hpp"

namespace quorate::host {

enum class Lookup {
    told,       // an address, or that there is no such name
    no_answer,  // nobody could tell: no server answers, or it has failed itself
};

struct LookedUp {
    Lookup lookup = Lookup::told;
    std::string why;  // where nobody could tell
};
// Of the name servers in resolv.conf; of its search list one answer is enough.
// Blocks for four seconds at most with one name server, whatever resolv.conf says: whoever ends
// waits for it.
LookedUp look_up(const std::string& host);

class Names {
  public:
    using Warn = std::function<void(std::string)>;
    using Look = std::function<LookedUp(const std::string& host)>;

    // `warn`: a line when a host resolves no longer, and one when it does again.
    Names(boost::asio::io_context& loop, Warn warn, Look look = look_up);
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;

    // `then` is called on the loop, at once where the host was looked up within the last second.
    void ask(const std::string& host, std::function<void(Lookup)> then);
    void stop();  // waits for what is under way

  private:
    struct Known {
        Lookup lookup = Lookup::told;
        Instant at;  // since boot; zero: never
    };
    void answered(const std::string& host, const LookedUp& found);

    Tasks tasks_;
    Warn warn_;
    Look look_;
    std::map<std::string, Known> known_;
};

}  // namespace quorate::host
