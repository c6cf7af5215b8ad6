// A child process (etcd, the control plane) that never outlives us, never gets our Ctrl-C, and
// whose end is told once, classified.
//
// - It dies with us: the kernel sends it SIGKILL when the *thread* that started it ends
//   (PR_SET_PDEATHSIG). So spawn is called from the main thread, which lives as long as the agent.
// - It has a session of its own, /dev/null as input, exactly the environment it is given, and no
//   other open file of ours.
// - Its output goes through a pipe to us, into a log file and a short tail for classification, or
// to
//   where ours goes.
// - What it started itself ends with it, unless that left its process group.
// - Its pid, start time and boot are recorded, so that a later agent can end what an earlier one
//   left behind without ever touching a process that merely got the same number.
//
// Needs Linux 5.4 (pidfd). Used from one thread, the one that runs the io_context.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/process/log_file.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"
#include "core/model/child.hpp"

namespace quorate::process {

enum class Output { kept, inherited };

struct Spec {
    std::filesystem::path program;         // a path; PATH is not searched
    std::vector<std::string> arguments;    // after the program's name
    std::vector<std::string> environment;  // exactly these, NAME=value
    std::filesystem::path log;             // stdout and stderr; empty: not kept
    std::filesystem::path pid_file;        // empty: not recorded
    Bytes log_max = kLogMax;
    Output output = Output::kept;  // inherited: there is no log and nothing to classify by
};

using OnExit = std::function<void(const ChildExit&)>;

class Child {
  public:
    // `on_exit` is called once, from the io_context, unless the Child is destroyed before; it may
    // destroy the Child.
    static Result<std::unique_ptr<Child>> spawn(boost::asio::io_context& io, Spec spec,
                                                OnExit on_exit);

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();  // SIGKILL if it still runs, and waits until it is gone

    pid_t pid() const;
    bool running() const;
    std::vector<std::string> last_lines() const;

    // SIGTERM and SIGINT ask it to stop. Refused when it has ended.
    Result<void> signal(int number);

  private:
    struct Running;
    explicit Child(std::shared_ptr<Running> running);

    std::shared_ptr<Running> running_;  // shared with the handlers that wait in the io_context
};

// Ends the process that an earlier agent recorded in `pid_file`, if it is still that process, and
// removes the file. True: there was one. Call it before anything touches the child's data.
Result<bool> stop_leftover(const std::filesystem::path& pid_file, Span grace);

}  // namespace quorate::process
