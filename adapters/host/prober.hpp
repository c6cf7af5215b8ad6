// Asks replicas' client ports each period and posts what changed, and a slow heartbeat. It decides
// nothing; figures that grow by themselves (index, revision, size) are no change. One whose name
// nobody resolves was not asked, and that is told of it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>

#include "adapters/host/members.hpp"
#include "adapters/host/names.hpp"
#include "adapters/host/tasks.hpp"
#include "core/model/observation.hpp"

namespace quorate::host {

class Prober {
  public:
    using Post = std::function<void(Observation)>;

    // `names`: null where replicas are reached by numbers.
    Prober(boost::asio::io_context& loop, Tasks& tasks, Members& members, Settings settings,
           Post post, Names* names = nullptr);

    void probe(const std::vector<Ordinal>& replicas);  // replaces the set
    void stop();
    // What was told of this replica no longer holds: the next answer that is asked for from here on
    // is told even if it is equal.
    void forget(Ordinal ordinal);
    // What is told from here on was asked from here on, and all are asked at once.
    void ask_anew();

    // The newest answers, also where nothing changed: for people to look at, not for the core.
    const std::map<std::uint32_t, MemberStatus>& latest() const { return latest_; }

  private:
    struct Target {
        std::optional<MemberStatus> told;
        std::optional<MemberList> told_list;
        Instant told_at;
        bool under_way = false;
        bool again = false;
        bool outdated = false;  // the answer under way was asked too early
    };

    void tick();
    void ask(Ordinal ordinal);
    void answered(Ordinal ordinal, const MemberStatus& status, std::optional<MemberList> list);
    void was_silent(Ordinal ordinal);
    bool due(const Target& target, const MemberStatus& status) const;

    boost::asio::io_context& loop_;
    boost::asio::steady_timer timer_;
    Tasks& tasks_;
    Members& members_;
    Settings settings_;
    Post post_;
    Names* names_;
    std::map<std::uint32_t, Target> targets_;
    std::map<std::uint32_t, MemberStatus> latest_;
};

}  // namespace quorate::host
