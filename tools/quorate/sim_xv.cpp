#include <algorithm>
#include <csignal>
#include <iostream>
#include <thread>

#include "tools/quorate/verbs.hpp"
#include "tools/quorate/xv.hpp"

namespace quorate::cli {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> stop = false;

struct Asked {
    std::vector<std::string> files;
    std::vector<std::string> etcd;
    XvOptions options;
};

std::vector<fs::path> scenario_files(const std::vector<std::string>& named) {
    std::vector<fs::path> files;
    for (const std::string& one : named) {
        if (!fs::is_directory(one)) {
            files.emplace_back(one);
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator(one))
            if (entry.path().extension() == ".scn") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

Exit run(Asked& asked) {
    XvOptions& options = asked.options;
    if (asked.files.empty()) asked.files = {"scenarios/xv"};
    for (const std::string& one : asked.files)
        if (!fs::exists(one))
            return fail(Exit::usage, one +
                                         ": there is no such file; name a scenario, or run it "
                                         "where scenarios/xv is");
    options.files = scenario_files(asked.files);
    const auto all = xv::releases_at_hand();
    for (const std::string& wanted : asked.etcd) {
        const xv::Release* release = xv::find_release(all, wanted);
        if (release == nullptr)
            return fail(Exit::usage,
                        "--etcd " + wanted + " is not here; tools/etcd-versions builds it");
        options.releases.push_back(*release);
    }
    if (asked.etcd.empty()) options.releases = all;
    if (options.files.empty() || options.releases.empty())
        return fail(Exit::usage, "there is nothing to run: no scenario, or no etcd");
    // The first ends it after what is being played, the second at once; etcd dies with us.
    std::signal(SIGINT, [](int) {
        stop = true;
        std::signal(SIGINT, SIG_DFL);
    });
    const XvReport report = run_xv(
        options, stop, [](const XvResult& result) { std::cout << text_of(result) << std::endl; });
    std::cout << text_of(report) << std::endl;
    return static_cast<Exit>(report.exit_code());
}

}  // namespace

void add_sim_xv(CLI::App& sim, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb =
        sim.add_subcommand("xv", "the same scenarios on real etcd and on the model of it");
    verb->add_option("files", asked->files, "scenarios or folders of them; else scenarios/xv");
    verb->add_option("--etcd", asked->etcd,
                     "a line (3.6: its newest release here) or a release; else all there are")
        ->allow_extra_args(false);
    verb->add_flag("--model-only", asked->options.model_only,
                   "starts no etcd: the model against what the files say that it did");
    verb->add_flag("--rewrite", asked->options.rewrite, "writes what real etcd did into the files");
    verb->add_option("--times", asked->options.times, "on real etcd")->check(CLI::Range(1U, 1000U));
    verb->add_option("--jobs", asked->options.jobs, "clusters at a time")
        ->default_val(std::max(2U, std::thread::hardware_concurrency()))
        ->check(CLI::Range(1U, 64U));
    verb->add_flag("--trace", asked->options.trace, "prints every step");
    verb->add_flag("--keep", asked->options.keep, "leaves what etcd wrote; --trace tells where");
    verb->callback([asked, &exit] { exit = run(*asked); });
}

}  // namespace quorate::cli
