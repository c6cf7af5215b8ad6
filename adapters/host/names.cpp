#include "adapters/host/names.hpp"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <span>
#include <utility>
#include <vector>

#include "adapters/clock/clock.hpp"

namespace quorate::host {
namespace {

// Half of the most replicas there may be: one that blocks holds up few others.
constexpr std::size_t threads = 4;
constexpr Span good_for = seconds(1);

// Twice two seconds instead of twice five. Of this thread alone: glibc keeps the state of its
// resolver by thread.
void be_quick() {
    constexpr int seconds_each = 2;
    constexpr int attempts = 2;
    thread_local const bool ready = ::res_init() == 0;
    if (!ready) return;
    _res.retrans = seconds_each;
    _res.retry = attempts;
}

bool is_number(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

// As a pod's resolv.conf completes it, and at last as it is.
std::vector<std::string> names_of(const std::string& host) {
    std::vector<std::string> names;
    if (!host.ends_with('.'))
        for (const char* domain : std::span(_res.dnsrch, MAXDNSRCH)) {
            if (domain == nullptr) break;
            names.push_back(host + "." + domain);
        }
    names.push_back(host);
    return names;
}

enum class Heard { answer, failure, nothing };

Heard query(const std::string& name) {
    // A server that failed and one that was silent are the same code, but for the time it took.
    const Instant begun = clock::since_boot();
    std::array<unsigned char, NS_PACKETSZ> reply{};
    const int size = ::res_nquery(&_res, name.c_str(), ns_c_in, ns_t_a, reply.data(), reply.size());
    if (size >= 0 || h_errno == HOST_NOT_FOUND || h_errno == NO_DATA) return Heard::answer;
    return clock::since_boot() < begun + seconds(1) ? Heard::failure : Heard::nothing;
}

}  // namespace

// Not getaddrinfo(): when the last name of its list fails it forgets that another was answered, and
// in a cluster without a way out the last one always fails.
LookedUp look_up(const std::string& host) {
    be_quick();
    if (is_number(host)) return {};
    for (const std::string& name : names_of(host)) {
        const Heard heard = query(name);
        if (heard == Heard::answer) return {};
        // It will be silent about the next one, too.
        if (heard == Heard::nothing) return {Lookup::no_answer, "no name server answers"};
    }
    return {Lookup::no_answer, "the name servers fail"};
}

Names::Names(boost::asio::io_context& loop, Warn warn, Look look)
    : tasks_(loop, threads), warn_(std::move(warn)), look_(std::move(look)) {}

void Names::ask(const std::string& host, std::function<void(Lookup)> then) {
    const Known& known = known_[host];
    if (known.at != Instant{} && clock::since_boot() < known.at + good_for)
        return then(known.lookup);
    tasks_.run([this, host, then = std::move(then)] {
        const LookedUp found = look_(host);
        return std::function<void()>([this, host, then, found] {
            answered(host, found);
            then(found.lookup);
        });
    });
}

void Names::answered(const std::string& host, const LookedUp& found) {
    const Known before = std::exchange(known_[host], {found.lookup, clock::since_boot()});
    if (before.lookup == found.lookup) return;
    if (found.lookup == Lookup::no_answer)
        warn_(host + " does not resolve: " + found.why +
              "; its replica is waited for and not judged until DNS of the cluster answers again");
    else
        warn_(host + " resolves again");
}

void Names::stop() { tasks_.stop(); }

}  // namespace quorate::host
