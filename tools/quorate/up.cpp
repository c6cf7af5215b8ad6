// quorate up: checks everything, then settles the directory, then supervises. Nothing is changed
// before all checks have passed.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <functional>
#include <iostream>
#include <optional>
#include <thread>

#include "adapters/host/etcd_arguments.hpp"
#include "adapters/local/desired.hpp"
#include "adapters/local/files.hpp"
#include "adapters/local/pki.hpp"
#include "adapters/peer/letter.hpp"
#include "adapters/process/log_file.hpp"
#include "core/base/limits.hpp"
#include "tools/quorate/checks.hpp"
#include "tools/quorate/etcd_binary.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/live.hpp"
#include "tools/quorate/setup.hpp"
#include "tools/quorate/supervisor.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

constexpr std::uint32_t default_replicas = 3;
constexpr Span leftover_grace = seconds(10);  // after SIGKILL

// As given; what was not given is as it was in this directory, or the default.
struct Asked {
    std::optional<std::int64_t> replicas;
    std::string dir = default_dir();
    std::optional<std::string> policy;
    std::string etcd;
    std::optional<std::int64_t> port_base;
    bool detach = false;
    bool no_tls = false;
    std::vector<std::string> set;
};

struct Plan {
    local::Layout layout;
    Setup setup;
    Desired desired;
};

Result<host::Choices> choices_of(const Asked& asked, const local::Layout& layout) {
    host::Choices choices;
    if (auto read = host::set_from_yaml(choices, layout.config()); !read)
        return tl::unexpected(read.error());
    for (const std::string& assignment : asked.set)
        if (auto done = host::set(choices, assignment); !done)
            return refused(done.error().what, "--set");
    if (auto together = host::check_together(choices); !together)
        return tl::unexpected(together.error());
    if (auto extra = host::check_extra_arguments(choices.etcd_arguments); !extra)
        return refused(extra.error().what, "etcd_arguments");
    return choices;
}

// Peer URLs and certificates are part of the members' data: they stay what they were.
Result<void> keep_what_stays(const Asked& asked, const Setup& before, Setup& setup) {
    if (asked.port_base && *asked.port_base != before.port_base)
        return refused("this cluster was made with --port-base " +
                           std::to_string(before.port_base) + "; use that, or another --dir",
                       "--port-base " + std::to_string(*asked.port_base));
    if (asked.no_tls && before.tls)
        return refused("this cluster was made with TLS; leave the option out, or use another --dir",
                       "--no-tls");
    setup.port_base = before.port_base;
    setup.tls = before.tls;
    return {};
}

Result<Desired> desired_of(const Asked& asked, const local::Layout& layout) {
    Desired desired{default_replicas, PodManagement::parallel};
    auto before = local::read_desired(layout.desired());
    if (!before) return tl::unexpected(before.error());
    if (*before) desired = **before;
    if (asked.replicas) desired.replicas = static_cast<std::uint32_t>(*asked.replicas);
    if (asked.policy && *asked.policy != "ordered" && *asked.policy != "parallel")
        return refused("\"" + *asked.policy + "\" is neither ordered nor parallel", "--policy");
    if (asked.policy)
        desired.policy =
            *asked.policy == "ordered" ? PodManagement::ordered : PodManagement::parallel;
    return desired;
}

// All that can be checked while somebody else may still be running in the directory.
Result<Plan> plan(const Asked& asked) {
    Plan plan{home_at(asked.dir), {}, {}};
    if (asked.replicas)
        if (auto fine = check_replicas(*asked.replicas); !fine) return tl::unexpected(fine.error());
    if (asked.port_base)
        if (auto fine = check_port_base(*asked.port_base); !fine)
            return tl::unexpected(fine.error());
    if (auto fine = check_directory(plan.layout); !fine) return tl::unexpected(fine.error());
    if (const auto pid = running_up(plan.layout))
        return refused("is in use by a running quorate up (pid " + std::to_string(*pid) +
                           "); stop it with quorate down --dir " + plan.layout.root().string() +
                           ", or change its size with quorate scale",
                       plan.layout.root());
    auto before = read_setup(plan.layout.setup());
    if (!before) return tl::unexpected(before.error());
    plan.setup.tls = !asked.no_tls;
    plan.setup.port_base = static_cast<std::uint16_t>(asked.port_base.value_or(2379));
    if (*before)
        if (auto stays = keep_what_stays(asked, **before, plan.setup); !stays)
            return tl::unexpected(stays.error());
    auto choices = choices_of(asked, plan.layout);
    if (!choices) return tl::unexpected(choices.error());
    plan.setup.choices = *choices;
    auto desired = desired_of(asked, plan.layout);
    if (!desired) return tl::unexpected(desired.error());
    plan.desired = *desired;
    // The same etcd as last time, while it is there: data never goes back to an older one.
    std::string named = asked.etcd;
    if (named.empty() && *before && std::filesystem::exists((*before)->etcd))
        named = (*before)->etcd.string();
    auto etcd = find_etcd(named);
    if (!etcd) return tl::unexpected(etcd.error());
    plan.setup.etcd = etcd->path;
    if (asked.etcd.empty() && *before) plan.setup.etcd_of = (*before)->etcd_of;
    if (auto fine = check_space(plan.layout, plan.desired.replicas); !fine)
        return tl::unexpected(fine.error());
    return plan;
}

// A verb that only asks holds the lock for a moment; an `up` holds it for as long as it runs.
Result<local::FileLock> lock(const local::Layout& layout) {
    for (int attempt = 0; attempt < 20; ++attempt) {
        auto held = local::FileLock::attempt(layout.up_lock());
        if (held || (attempt == 19)) return held;
        std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    return refused("is held", layout.up_lock());
}

std::string client_env(const Plan& plan, std::uint32_t replicas) {
    const std::string scheme = plan.setup.tls ? "https://127.0.0.1:" : "http://127.0.0.1:";
    std::string endpoints;
    for (std::uint32_t i = 0; i < replicas; ++i)
        endpoints += (i == 0 ? "" : ",") + scheme +
                     std::to_string(local::ports_of(plan.setup.port_base, Ordinal{i}).client);
    std::string text = "# For etcdctl:  . " + plan.layout.client_env().string() + "\n";
    const auto line = [&](const std::string& name, const std::string& value) {
        std::string quoted = "'";
        for (const char c : value)
            quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
        text += "export ETCDCTL_" + name + "=" + quoted + "'\n";
    };
    line("API", "3");
    line("ENDPOINTS", endpoints);
    if (plan.setup.tls) {
        line("CACERT", (plan.layout.pki() / "ca.crt").string());
        line("CERT", (plan.layout.pki() / "client.crt").string());
        line("KEY", (plan.layout.pki() / "client.key").string());
    }
    return text;
}

Result<void> write_client_env(const Plan& plan, std::uint32_t replicas) {
    if (replicas == 0) return {};  // paused: the endpoints of before will be right again
    return local::replace_file(plan.layout.client_env(), client_env(plan, replicas));
}

// Without TLS in etcd too: agents believe each other by their certificates alone.
Result<void> ensure_certificates(const std::filesystem::path& pki) {
    if (auto made = local::ensure_pki(pki, host::names_on_one_machine); !made) return made;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        const std::string file = "agent-" + std::to_string(i);
        auto made = local::ensure_certificate(pki, file, peer::agent_name(Ordinal{i}));
        if (!made) return made;
    }
    return {};
}

Result<void> settle(const Plan& plan) {
    const local::Layout& layout = plan.layout;
    if (auto pki = ensure_certificates(layout.pki()); !pki) return pki;
    if (auto written = write_setup(layout.setup(), plan.setup); !written) return written;
    if (auto written = local::write_desired(layout.desired(), plan.desired); !written)
        return written;
    return write_client_env(plan, plan.desired.replicas);
}

void note_pid(const local::FileLock& lock) {
    const std::string text = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock.descriptor(), 0) != 0 ||
        ::pwrite(lock.descriptor(), text.data(), text.size(), 0) < 0)
        warn("the pid could not be noted in the lock file; quorate down will not find this one");
}

void supervise(const Plan& plan, const std::function<void(const std::string&)>& tell,
               const std::function<void()>& started) {
    Supervisor supervisor(plan.layout, plan.setup,
                          {tell,
                           [&](const Desired& desired) {
                               if (auto done = write_client_env(plan, desired.replicas); !done)
                                   tell(text_of(done.error()));
                           },
                           started});
    supervisor.run();
}

void say_how_to_go_on(const Plan& plan) {
    const std::string dir = plan.layout.root().string();
    std::cout << "quorate runs " << plan.desired.replicas << " replicas in " << dir
              << "\n  quorate wait --for steady --dir " << dir << "\n  quorate status --dir " << dir
              << "\n  . " << plan.layout.client_env().string() << "; etcdctl member list"
              << "\n  quorate down --dir " << dir << std::endl;
}

// The child goes on without a terminal; the parent waits until the first agents are there.
Exit detached(const Plan& plan, const local::FileLock& lock) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Exit::failed, "cannot make a pipe");
    const pid_t pid = ::fork();
    if (pid < 0) return fail(Exit::failed, "cannot start a process in the background");
    if (pid > 0) {
        ::close(ends[1]);
        char word = 0;
        const bool started = ::read(ends[0], &word, 1) == 1;
        if (!started)
            return fail(Exit::failed, "ended before its agents were started; the reason is in " +
                                          plan.layout.up_log().string());
        say_how_to_go_on(plan);
        return Exit::ok;
    }
    ::setsid();
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int errors = ::open(plan.layout.up_log().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(null, STDIN_FILENO);
    ::dup2(errors, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::close(ends[0]);
    note_pid(lock);
    process::LogFile log(plan.layout.up_log(), process::kLogMax);
    supervise(
        plan,
        [&](const std::string& line) {
            char stamp[40];
            const std::time_t now = std::time(nullptr);
            std::tm parts{};
            ::gmtime_r(&now, &parts);
            std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ ", &parts);
            log.append(stamp + line + "\n");
        },
        [&] {
            if (::write(ends[1], "+", 1) < 0) warn("nobody waits for this start any more");
        });
    return Exit::ok;
}

Exit attached(const Plan& plan, const local::FileLock& lock) {
    note_pid(lock);
    Live live(plan.layout);
    supervise(
        plan, [&](const std::string& line) { live.tell(line); }, [] {});
    return Exit::ok;
}

// Makes the folder the lock lies in; `undo` removes what was made, for an `up` that is refused.
Result<void> make_cluster_folder(const local::Layout& layout, std::function<void()>& undo) {
    std::error_code error;
    const bool root_was_there = std::filesystem::exists(layout.root(), error);
    if (std::filesystem::exists(layout.cluster(), error)) {
        undo = [] {};
        return {};
    }
    std::filesystem::create_directories(layout.cluster(), error);
    if (error)
        return refused("cannot be made: " + error.message() + "; choose another with --dir",
                       layout.cluster());
    std::filesystem::permissions(layout.cluster(), std::filesystem::perms::owner_all, error);
    undo = [layout, root_was_there] {
        std::error_code ignored;
        std::filesystem::remove_all(layout.cluster(), ignored);
        if (!root_was_there) std::filesystem::remove(layout.root(), ignored);
    };
    return {};
}

Exit up(const Asked& asked) {
    const auto planned = plan(asked);
    if (!planned) return fail(Exit::usage, planned.error());
    const local::Layout& layout = planned->layout;
    const std::uint32_t replicas = planned->desired.replicas;
    std::function<void()> undo;
    if (auto made = make_cluster_folder(layout, undo); !made)
        return fail(Exit::usage, made.error());
    const auto held = lock(layout);
    if (!held) return fail(Exit::usage, held.error());
    if (auto ended = end_leftovers(layout, leftover_grace); !ended)
        return fail(Exit::failed, ended.error());
    if (auto free = check_ports(planned->setup, replicas); !free) {
        undo();
        return fail(Exit::usage, free.error());
    }
    if (auto settled = settle(*planned); !settled) return fail(Exit::failed, settled.error());
    if (replicas > 0 && replicas % 2 == 0)
        warn(std::to_string(replicas) + " replicas survive no more failures than " +
             std::to_string(replicas - 1) + "; an odd number is better");
    block_signals();
    return asked.detach ? detached(*planned, *held) : attached(*planned, *held);
}

}  // namespace

void add_up(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("up", "runs a cluster on this machine");
    verb->add_option("--replicas", asked->replicas, "how many members (0 to 9; 3)");
    verb->add_option("--dir", asked->dir, "where everything lies")->capture_default_str();
    verb->add_option("--policy", asked->policy, "parallel (default) or ordered");
    verb->add_option("--etcd", asked->etcd, "the etcd to run; else the one in PATH");
    verb->add_option("--port-base", asked->port_base, "first port of replica 0 (2379)");
    verb->add_flag("--detach", asked->detach, "go on in the background");
    verb->add_flag("--no-tls", asked->no_tls, "no certificates for peers and clients");
    verb->add_option("--set", asked->set, "KEY=VALUE, more than once; see docs/operations.md")
        ->allow_extra_args(false);
    verb->callback([asked, &exit] { exit = up(*asked); });
}

}  // namespace quorate::cli
