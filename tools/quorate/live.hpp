// What a person sees while `quorate up` is attached: on a terminal the members and the last
// decisions, redrawn in place; otherwise plain lines, decisions and what the supervisor did. It
// asks the agents over their sockets like any other verb and holds nothing up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "adapters/api/client.hpp"
#include "adapters/local/layout.hpp"

namespace quorate::cli {

class Live {
  public:
    explicit Live(local::Layout layout);
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live();  // ends its threads; the terminal is left as it was

    void tell(const std::string& line);  // from any thread

  private:
    struct Follow {
        std::unique_ptr<api::Client> client;
        std::thread thread;
        EventSeq last;  // shown
        std::atomic<bool> over = false;
    };

    void draw_until_ended();
    void follow_those_that_are_there();
    void follow(Follow& self, Ordinal replica);
    void add(const std::string& line);
    std::string frame(const std::string& status) const;

    local::Layout layout_;
    bool terminal_ = false;
    bool colour_ = false;
    std::mutex mutex_;
    std::condition_variable ending_told_;
    bool ending_ = false;
    std::deque<std::string> lines_;
    std::map<std::uint32_t, std::unique_ptr<Follow>> follows_;
    std::thread drawer_;
};

}  // namespace quorate::cli
