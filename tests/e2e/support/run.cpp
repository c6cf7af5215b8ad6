#include "tests/e2e/support/run.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace quorate::e2e {
namespace fs = std::filesystem;
namespace {

// etcd and etcdctl take ETCD_* and ETCDCTL_* variables for flags.
std::vector<char*> environment() {
    std::vector<char*> kept;
    for (char** entry = environ; *entry != nullptr; ++entry)
        if (!std::string_view(*entry).starts_with("ETCD")) kept.push_back(*entry);
    kept.push_back(nullptr);
    return kept;
}

// Only async-signal-safe calls between fork and exec: gRPC's threads are running.
pid_t start(std::vector<std::string> command, int out, int err) {
    std::vector<char*> argv;
    for (std::string& word : command)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto envp = environment();
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork failed");
    if (pid > 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::execvpe(argv[0], argv.data(), envp.data());
    ::_exit(127);
}

int memory_file(const char* name) {
    const int file = ::memfd_create(name, MFD_CLOEXEC);
    if (file < 0) throw std::runtime_error("memfd_create failed");
    return file;
}

std::string drain(int file) {
    std::string text;
    ::lseek(file, 0, SEEK_SET);
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(file, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(count));
    ::close(file);
    return text;
}

}  // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds pause) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(pause);  // what other processes did comes with no event
    }
    return true;
}

Ran run(const std::vector<std::string>& command) {
    const int out = memory_file("out");
    const int err = memory_file("err");
    Ran ran;
    ran.status = await_exit(start(command, out, err));
    ran.out = drain(out);
    ran.err = drain(err);
    return ran;
}

pid_t spawn(const std::vector<std::string>& command, const fs::path& log) {
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) throw std::runtime_error("cannot open " + log.string());
    const pid_t pid = start(command, file, file);
    ::close(file);
    return pid;
}

int await_exit(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool alive(pid_t pid) {
    // The first thread may be a zombie while others still end, and until then the process holds its
    // files and locks: every thread counts.
    std::error_code gone;
    fs::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", gone);
    for (; !gone && threads != fs::directory_iterator(); threads.increment(gone)) {
        // "PID (NAME) STATE ...": the name may hold anything, its closing parenthesis is the last.
        const std::string stat = text_of(threads->path() / "stat");
        const std::size_t name_end = stat.rfind(')');
        if (name_end != std::string::npos && name_end + 2 < stat.size() &&
            stat[name_end + 2] != 'Z' && stat[name_end + 2] != 'X')
            return true;
    }
    return false;
}

std::vector<pid_t> processes_about(const std::string& text) {
    std::vector<pid_t> pids;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc() || end != name.data() + name.size() || pid == ::getpid()) continue;
        if (text_of(entry.path() / "cmdline").find(text) != std::string::npos && alive(pid))
            pids.push_back(pid);
    }
    return pids;
}

std::string text_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    // A process that ends while its file in /proc is read makes the read fail; that is no
    // exception.
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::string tail_of(const fs::path& file, std::size_t bytes) {
    const std::string text = text_of(file);
    return text.size() <= bytes ? text : text.substr(text.size() - bytes);
}

}  // namespace quorate::e2e
