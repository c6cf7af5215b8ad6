// The agent's log: one line per decision and per outcome, each with its event number, in a file
// that is rotated. For people; the journal is what is replayed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/base/result.hpp"

namespace quorate::log {

enum class Level { info, warning, error };

class Log {
  public:
    static Result<std::unique_ptr<Log>> open(const std::filesystem::path& file);
    // Where a container runtime keeps the lines and rotates them.
    static Result<std::unique_ptr<Log>> to_stderr();
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    void line(Level level, const std::string& text);

  private:
    struct Sink;
    explicit Log(std::unique_ptr<Sink> sink);
    std::unique_ptr<Sink> sink_;
};

}  // namespace quorate::log
