// quorate explain: from observation to decision, of the running agents or out of a journal.
#include <algorithm>
#include <iostream>
#include <utility>

#include "core/base/limits.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/output.hpp"
#include "tools/quorate/records.hpp"
#include "tools/quorate/render.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli {
namespace {

struct Asked {
    std::string dir = default_dir();
    std::string journal;
    std::string output = "text";
    std::optional<std::uint32_t> replica;
    std::optional<std::uint64_t> event;
    std::uint32_t last = 20;
};

using Told = std::vector<std::pair<Ordinal, api::Explained>>;

// Journals are read where they lie: that disturbs no agent, reaches back further than its memory,
// and works when it does not run.
Result<void> add_from(const std::filesystem::path& path, Ordinal replica, const Asked& asked,
                      Told& told) {
    auto source = open_source(path);
    if (!source) return tl::unexpected(source.error());
    const Ordinal owner = replica_of(**source).value_or(replica);
    if (asked.event) {
        auto one = decision_at(**source, EventSeq{*asked.event});
        if (!one) return tl::unexpected(one.error());
        told.emplace_back(owner, std::move(*one));
        return {};
    }
    auto decisions = last_decisions(**source, asked.last);
    if (!decisions) return tl::unexpected(decisions.error());
    for (api::Explained& one : *decisions)
        told.emplace_back(owner, std::move(one));
    return {};
}

// A pod holds one journal, its own; `kubectl quorate explain` puts those of all pods together.
Result<void> must_be_here(const Asked& asked) {
    if (!asked.replica) return {};
    auto source = open_source(pod_journal_dir);
    if (!source) return {};  // told when it is read
    const auto own = replica_of(**source);
    if (!own || own->value == *asked.replica) return {};
    return refused("this pod holds the journal of replica " + std::to_string(own->value) +
                       " alone; ask in the other pod, or use kubectl quorate explain",
                   "--replica");
}

Result<void> add_all(const local::Layout& layout, const Asked& asked, Told& told) {
    if (is_pod(layout)) return add_from(pod_journal_dir, Ordinal{}, asked, told);
    std::optional<Failure> failure;
    bool any = false;
    for (std::uint32_t i = 0; i < limits::replicas_max; ++i) {
        if (asked.replica && i != *asked.replica) continue;
        std::error_code error;
        const auto path = layout.journal(Ordinal{i});
        if (!asked.replica && !std::filesystem::exists(path, error)) continue;
        if (auto added = add_from(path, Ordinal{i}, asked, told); added)
            any = true;
        else
            failure = added.error();
    }
    if (!any && failure) return tl::unexpected(*failure);
    if (!any) return refused("no replica has a journal yet", layout.root());
    return {};
}

void print(const Asked& asked, const Told& told) {
    if (asked.output == "json") {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& [replica, one] : told)
            list.push_back(as_json(one, replica));
        std::cout << list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
                  << std::endl;
        return;
    }
    for (const auto& [replica, one] : told)
        std::cout << render_whole(one, replica);
    std::cout << std::flush;
}

Exit explain(const Asked& asked) {
    Told told;
    if (asked.journal.empty()) {
        const local::Layout layout = home_at(asked.dir);
        if (auto home = must_be_home(layout); !home) return fail(Exit::usage, home.error());
        if (is_pod(layout))
            if (auto here = must_be_here(asked); !here) return fail(Exit::usage, here.error());
        if (asked.event && !asked.replica && !is_pod(layout))
            return fail(Exit::usage,
                        "--event: every replica numbers its own events; name one with --replica");
        if (auto added = add_all(layout, asked, told); !added)
            return fail(asked.event ? Exit::usage : Exit::journal, added.error());
    } else if (auto added = add_from(asked.journal, Ordinal{}, asked, told); !added) {
        return fail(Exit::journal, added.error());
    }
    std::stable_sort(told.begin(), told.end(),
                     [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
    if (!asked.event && told.size() > asked.last)
        told.erase(told.begin(), told.end() - static_cast<std::ptrdiff_t>(asked.last));
    print(asked, told);
    return Exit::ok;
}

}  // namespace

void add_explain(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("explain", "what was seen, decided and done, and why");
    auto* last = verb->add_option("--last", asked->last, "how many decisions");
    last->capture_default_str()->check(CLI::Range(1, 100'000));
    verb->add_option("--event", asked->event, "only this one")->excludes(last);
    auto* dir = verb->add_option("--dir", asked->dir, "of the cluster");
    dir->capture_default_str();
    auto* replica = verb->add_option("--replica", asked->replica, "only of this one");
    replica->check(CLI::Range(0U, limits::replicas_max - 1));
    verb->add_option("--journal", asked->journal, "a journal directory or an exported file")
        ->excludes(dir)
        ->excludes(replica);
    add_output(*verb, asked->output);
    verb->callback([asked, &exit] { exit = explain(*asked); });
}

}  // namespace quorate::cli
