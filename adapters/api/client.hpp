// Asks one agent over its unix socket. Every call ends at its deadline. Nobody listening is
// `unavailable`, no answer in time is `unknown`, and what the agent refused is `refused` with its
// words. May be used from several threads at once.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/api/explained.hpp"
#include "adapters/base/result.hpp"
#include "core/base/instant.hpp"

namespace quorate::api {

class Client {
  public:
    explicit Client(std::filesystem::path socket);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    Result<std::string> status(Span deadline);
    // The last so many; or only the one event.
    Result<std::vector<Explained>> recent(std::uint32_t last, std::optional<EventSeq> event,
                                          Span deadline);
    Result<std::string> recover_plan(Span deadline);
    Result<void> approve_recovery(const std::string& token, Span deadline);
    Result<void> export_journal(const std::filesystem::path& path, Span deadline);

    // Calls `told` for each decision after that event until the agent ends or stop_following is
    // called, from whichever thread; then, and ever after, it returns.
    Result<void> follow(EventSeq after, const std::function<void(const Explained&)>& told);
    void stop_following();

  private:
    struct Wire;
    std::unique_ptr<Wire> wire_;
};

}  // namespace quorate::api
