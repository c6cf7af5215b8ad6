// kubectl quorate journal export: the journals of replicas as local files, taken while the agents
// write, for quorate replay on any machine.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "adapters/journal/export.hpp"
#include "core/base/limits.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/kubectl/cluster.hpp"
#include "tools/quorate/kubectl/verbs.hpp"

namespace quorate::cli::kubectl {
namespace {

namespace fs = std::filesystem;

struct Wanted {
    Asked asked;
    std::string directory = ".";
    std::optional<std::uint32_t> replica;
};

// Into a temporary file that takes the name once it was read back whole: a connection that broke
// in the middle leaves nothing behind that looks like a journal.
Result<std::string> fetch(const Cluster& cluster, const Pod& pod, const fs::path& file) {
    const fs::path part = file.string() + ".part-" + std::to_string(::getpid());
    const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return refused("cannot create: " + std::generic_category().message(errno) +
                           "; name another directory with --output",
                       part);
    auto said = cluster.exec(pod, {"quorate", "journal", "export", pod_journal_dir, "-"}, fd);
    const bool kept = ::fsync(fd) == 0;
    ::close(fd);
    Result<std::string> told = std::move(said);
    if (told && !kept) told = unavailable("cannot be written", part);
    if (told) {
        auto whole = journal::open_exported(part);
        if (!whole)
            told = refused("did not arrive whole: " + whole.error().what + "; try again", pod.name);
        else if (::rename(part.c_str(), file.c_str()) != 0)
            told = refused("cannot take its name: " + std::generic_category().message(errno), file);
        else
            told = "records " + std::to_string((*whole)->first().value) + " to " +
                   std::to_string((*whole)->last().value);
    }
    if (!told) ::unlink(part.c_str());
    return told;
}

Exit export_all(const Wanted& wanted) {
    std::error_code error;
    if (!fs::is_directory(wanted.directory, error))
        return fail(Exit::usage, wanted.directory + ": is no directory; make it first");
    const auto cluster = Cluster::find(wanted.asked);
    if (!cluster) return cluster.error();
    std::size_t meant = 0;
    std::size_t fetched = 0;
    for (const Pod& pod : cluster->pods()) {
        if (wanted.replica && pod.ordinal.value != *wanted.replica) continue;
        ++meant;
        const fs::path file = fs::path(wanted.directory) / (pod.name + ".journal");
        const auto told = fetch(*cluster, pod, file);
        if (told) {
            ++fetched;
            std::cout << file.string() << ": " << *told << std::endl;
        } else {
            warn(silence_of({pod, told}, cluster->spoken()));
        }
    }
    if (meant == 0)
        return fail(Exit::usage, wanted.replica
                                     ? "--replica: " + cluster->name() + " has no replica " +
                                           std::to_string(*wanted.replica)
                                     : cluster->name() +
                                           " has no pods; start some with kubectl "
                                           "quorate resume");
    if (fetched == 0) return fail(Exit::unreachable, "no journal was fetched");
    return fetched == meant ? Exit::ok : Exit::failed;
}

}  // namespace

void add_journal(CLI::App& app, Exit& exit) {
    auto wanted = std::make_shared<Wanted>();
    CLI::App* verb = app.add_subcommand("journal", "why everything was done");
    verb->require_subcommand(1);
    CLI::App* exporting = verb->add_subcommand(
        "export", "NAME-K.journal of each replica, for quorate replay on any machine");
    wanted->asked.timeout = "5m";  // a journal has up to 64 MiB
    add_target(*exporting, wanted->asked);
    exporting->add_option("-o,--output", wanted->directory, "the directory to write to")
        ->capture_default_str();
    exporting->add_option("--replica", wanted->replica, "only of this one")
        ->check(CLI::Range(0U, limits::replicas_max - 1));
    exporting->callback([wanted, &exit] { exit = export_all(*wanted); });
}

}  // namespace quorate::cli::kubectl
