// Programs, from the outside: started, awaited, ended by their process id.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace quorate::e2e {

// Enough for anything on a slow machine; no test waits for it to pass.
inline constexpr std::chrono::seconds patience{120};

// Polls until the condition holds; false when it did not within `patience`. Most conditions start
// `quorate status`, which would fill a core if it were asked without a pause.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds pause = std::chrono::milliseconds(100));

struct Ran {
    int status = -1;  // 128 + signal when one ended it
    std::string out;
    std::string err;
};

// Runs a program to its end.
Ran run(const std::vector<std::string>& command);

// Starts a program with its output in `log`. It is killed when the thread that started it ends.
pid_t spawn(const std::vector<std::string>& command, const std::filesystem::path& log);
// The exit status of a child of ours, as in Ran; waits for it.
int await_exit(pid_t child);

// A zombie has ended.
bool alive(pid_t pid);

// Every living process that has `text` in its command line, this one left out.
std::vector<pid_t> processes_about(const std::string& text);

std::string text_of(const std::filesystem::path& file);
std::string tail_of(const std::filesystem::path& file, std::size_t bytes);

}  // namespace quorate::e2e
