#include "adapters/host/rebuild.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "adapters/clock/clock.hpp"
#include "adapters/disk/volume.hpp"
#include "adapters/etcd/client.hpp"
#include "adapters/local/files.hpp"
#include "adapters/process/child.hpp"

namespace quorate::host {
namespace {

namespace fs = std::filesystem;

// Child processes of a rebuild belong to the worker thread that runs it: its own small loop.
class Run {
  public:
    static Result<std::unique_ptr<Run>> start(process::Spec spec) {
        auto run = std::unique_ptr<Run>(new Run);
        auto child = process::Child::spawn(
            run->loop_, std::move(spec), [raw = run.get()](const ChildExit& e) { raw->exit_ = e; });
        if (!child) return tl::unexpected(child.error());
        run->child_ = std::move(*child);
        return run;
    }

    // Turns the loop for a moment, so that output is read and an exit is seen.
    void turn() {
        loop_.restart();
        loop_.run_for(std::chrono::milliseconds(20));
    }
    const std::optional<ChildExit>& exit() const { return exit_; }

    void stop() {
        if (!exit_) static_cast<void>(child_->signal(15).has_value());
        const Instant give_up = clock::since_boot() + seconds(10);
        while (!exit_ && clock::since_boot() < give_up)
            turn();
        child_.reset();  // kills what is still there
    }

  private:
    Run() = default;
    boost::asio::io_context loop_;
    std::optional<ChildExit> exit_;
    std::unique_ptr<process::Child> child_;
};

std::vector<std::string> environment() {
    const char* path = std::getenv("PATH");
    return {std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin"), "ETCDCTL_API=3"};
}

Result<std::uint16_t> free_port() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    const bool bound = descriptor >= 0 && ::bind(descriptor, raw, size) == 0 &&
                       ::getsockname(descriptor, raw, &size) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (!bound) return refused("no free port on 127.0.0.1", "rebuild");
    return ntohs(address.sin_port);
}

class Rebuilding {
  public:
    Rebuilding(const AgentConfig& config, const RebuildEtcd& command, Span deadline)
        : config_(config), command_(command), deadline_(deadline), volume_{config.places.volume} {}

    Result<void> run() {
        if (fs::exists(volume_.root / "etcd" / mark())) return stamp();
        if (!fs::exists(restored() / mark()))
            if (auto made = prepare(); !made) return made;
        return swap();
    }

  private:
    std::string mark() const { return "quorate-epoch-" + std::to_string(command_.epoch.value); }
    fs::path work() const {
        return volume_.root / ("rebuild-" + std::to_string(command_.epoch.value));
    }
    fs::path restored() const { return work() / "restored"; }

    Result<void> prepare() {
        std::error_code error;
        fs::remove_all(work(), error);
        fs::create_directories(work(), error);
        if (!error)
            fs::copy(volume_.root / "etcd", work() / "copy", fs::copy_options::recursive, error);
        if (error) return refused("the volume cannot be copied: " + error.message(), work());
        if (auto raised = snapshot_of_forced(); !raised) return raised;
        if (auto done = restore(); !done) return done;
        return local::replace_file(restored() / mark(), "");
    }

    Result<void> snapshot_of_forced() {
        auto client_port = free_port();
        auto peer_port = free_port();
        if (!client_port) return tl::unexpected(client_port.error());
        if (!peer_port) return tl::unexpected(peer_port.error());
        const std::string scheme = config_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:";
        const std::string client_url = scheme + std::to_string(*client_port);
        const std::string peer_url = scheme + std::to_string(*peer_port);
        auto forced = Run::start(forced_etcd(client_url, peer_url));
        if (!forced) return tl::unexpected(forced.error());
        auto client = etcd::Client::create({client_url, peer_url}, tls());
        if (!client) return tl::unexpected(client.error());
        Result<void> done = raise_and_save(**forced, **client);
        (*forced)->stop();
        return done;
    }

    Result<void> raise_and_save(Run& forced, etcd::Client& client) {
        const Instant give_up = clock::since_boot() + deadline_;
        while (!client.status(seconds(1)).serves) {
            forced.turn();
            if (forced.exit())
                return refused("the private etcd ended: " + forced.exit()->last_line, work());
            if (clock::since_boot() > give_up)
                return unknown("the private etcd does not serve in time", work());
        }
        const std::string key = "quorate/rebuild/" + std::to_string(command_.epoch.value);
        Revision last;
        for (std::uint64_t i = 0; i < command_.bump.value; ++i) {
            auto put = client.put(key, "", seconds(5));
            if (const auto* revision = std::get_if<Revision>(&put)) {
                last = *revision;
            } else {
                return unknown("the revision could not be raised", work());
            }
            if (i % 512 == 0) forced.turn();
        }
        auto erased = client.erase(key, seconds(5));
        if (const auto* revision = std::get_if<Revision>(&erased)) last = *revision;
        // What was served before reads as compacted, so that no watch goes on unnoticed (I2).
        if (!std::holds_alternative<Done>(client.compact(last, deadline_)))
            return unknown("the old revisions could not be compacted", work());
        auto saved = client.snapshot(work() / "snapshot.db", deadline_);
        if (!std::holds_alternative<Bytes>(saved))
            return unknown("the snapshot could not be saved", work());
        return {};
    }

    process::Spec forced_etcd(const std::string& client_url, const std::string& peer_url) const {
        process::Spec spec;
        spec.program = config_.etcd;
        spec.environment = environment();
        spec.log = config_.places.rebuild_log;
        spec.arguments = {"--name=" + command_.name,
                          "--data-dir=" + (work() / "copy").string(),
                          "--force-new-cluster",
                          "--unsafe-no-fsync",
                          "--listen-client-urls=" + client_url,
                          "--advertise-client-urls=" + client_url,
                          "--listen-peer-urls=" + peer_url,
                          "--initial-advertise-peer-urls=" + peer_url,
                          "--initial-cluster=" + command_.name + "=" + peer_url};
        if (config_.tls) {
            const std::string pki = config_.places.pki.string();
            for (const std::string prefix : {"", "peer-"}) {
                spec.arguments.push_back("--" + prefix + "cert-file=" + pki + "/peer.crt");
                spec.arguments.push_back("--" + prefix + "key-file=" + pki + "/peer.key");
                spec.arguments.push_back("--" + prefix + "trusted-ca-file=" + pki + "/ca.crt");
                spec.arguments.push_back("--" + prefix + "client-cert-auth=true");
            }
        }
        return spec;
    }

    std::optional<etcd::Tls> tls() const {
        if (!config_.tls) return std::nullopt;
        return etcd::Tls{config_.places.pki / "ca.crt", config_.places.pki / "client.crt",
                         config_.places.pki / "client.key"};
    }

    Result<void> restore() {
        auto tool = restore_tool(config_);
        if (!tool) return tl::unexpected(tool.error());
        process::Spec spec;
        spec.program = *tool;
        spec.environment = environment();
        spec.log = config_.places.rebuild_log;
        spec.arguments = {"snapshot",
                          "restore",
                          (work() / "snapshot.db").string(),
                          "--name=" + command_.name,
                          "--initial-cluster=" + command_.name + "=" + command_.peer_url,
                          "--initial-cluster-token=" + command_.token,
                          "--initial-advertise-peer-urls=" + command_.peer_url,
                          "--data-dir=" + restored().string()};
        auto run = Run::start(std::move(spec));
        if (!run) return tl::unexpected(run.error());
        const Instant give_up = clock::since_boot() + deadline_;
        while (!(*run)->exit() && clock::since_boot() < give_up)
            (*run)->turn();
        const auto exit = (*run)->exit();
        if (!exit) return unknown("the restore did not end in time", *tool);
        if (exit->status != 0 || exit->signal != 0)
            return refused("the restore failed: " + exit->last_line, *tool);
        return {};
    }

    Result<void> swap() {
        if (fs::exists(volume_.root / "etcd")) {
            auto aside = disk::set_aside(volume_, {"replaced-by-rebuild", clock::wall()});
            if (!aside) return tl::unexpected(aside.error());
        }
        if (auto adopted = disk::adopt(volume_, restored()); !adopted) return adopted;
        std::error_code ignored;
        fs::remove_all(work(), ignored);
        return stamp();
    }

    // The volume keeps its nonce and moves to the new epoch, where its log begins anew.
    Result<void> stamp() {
        auto report = disk::examine(volume_);
        if (!report) return tl::unexpected(report.error());
        if (!report->identity) return refused("the volume has no identity", volume_.root);
        VolumeIdentity identity = *report->identity;
        identity.epoch = command_.epoch;
        identity.data_seen = true;
        identity.high_water = LogPosition{};
        return disk::stamp(volume_, identity);
    }

    const AgentConfig& config_;
    const RebuildEtcd& command_;
    Span deadline_;
    disk::Volume volume_;
};

}  // namespace

// etcdutl restores what 3.6 and later start on; before 3.5 only etcdctl can (etcd facts 11).
Result<fs::path> restore_tool(const AgentConfig& config) {
    const fs::path beside = config.etcd.parent_path();
    if (fs::exists(beside / "etcdutl")) return beside / "etcdutl";
    const bool old_layout = config.etcd_version < Version{3, 6, 0};
    for (const fs::path& directory : {beside, fs::path("/usr/bin"), fs::path("/usr/local/bin")})
        if (old_layout && fs::exists(directory / "etcdctl")) return directory / "etcdctl";
    return refused(std::string("neither etcdutl nor a fitting etcdctl is beside the etcd binary; "
                               "put ") +
                       (old_layout ? "etcdctl" : "etcdutl") + " of the same release there",
                   beside);
}

Result<void> rebuild_etcd(const AgentConfig& config, const RebuildEtcd& command, Span deadline) {
    return Rebuilding(config, command, deadline).run();
}

}  // namespace quorate::host
