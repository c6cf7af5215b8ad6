// quorate-mutants: are the seeded mistakes found, each by a property that is named for it? The
// first line is the verdict; the exit status is 0 only when none survives and the code without them
// is found good by the same search.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "tests/mutants/runner.hpp"

namespace {

using namespace quorate::mutants;

constexpr const char* usage =
    "usage: quorate-mutants --scenarios FOLDER [--jobs N] [--first-seed S] [--control N]\n"
    "                       [--only NAME]... [--list] [--shrink]\n"
    "Lives through seeds and scenarios with one seeded mistake after the other, until a property\n"
    "that is named for it tells of it.\n"
    "  --control N   lives of the code without any of them, which must all be good; default 100\n"
    "  --list        the mistakes, and nothing is run\n"
    "  --shrink      reduces each life of a seed that killed: what is left, and what that took\n";

struct Asked {
    Search search;
    std::uint64_t control = 100;
    std::vector<std::string> only;
    bool list = false;
};

bool number(const char* text, std::uint64_t& to) {
    char* end = nullptr;
    to = std::strtoull(text, &end, 10);
    return end != text && *end == '\0';
}

bool read(int argc, char** argv, Asked& asked) {
    for (int i = 1; i < argc; ++i) {
        const std::string what = argv[i];
        if (what == "--list") {
            asked.list = true;
            continue;
        }
        if (what == "--shrink") {
            asked.search.shrink = true;
            continue;
        }
        if (++i == argc) return false;
        std::uint64_t n = 0;
        if (what == "--scenarios") {
            asked.search.scenarios = argv[i];
        } else if (what == "--only") {
            asked.only.push_back(argv[i]);
        } else if (!number(argv[i], n)) {
            return false;
        } else if (what == "--jobs") {
            asked.search.jobs = static_cast<unsigned>(n);
        } else if (what == "--first-seed") {
            asked.search.first_seed = n;
        } else if (what == "--control") {
            asked.control = n;
        } else {
            return false;
        }
    }
    return asked.list || !asked.search.scenarios.empty();
}

std::vector<Mutant> chosen(const std::vector<std::string>& only) {
    std::vector<Mutant> mutants;
    for (const Mutant& mutant : all_mutants())
        if (only.empty() || std::find(only.begin(), only.end(), mutant.name) != only.end())
            mutants.push_back(mutant);
    return mutants;
}

std::string line_of(const Mutant& mutant, const Death& death) {
    char line[512];
    if (!mutant.equivalent.empty())
        std::snprintf(line, sizeof line, "equivalent  %s: %s", mutant.name.c_str(),
                      mutant.equivalent.c_str());
    else if (death.killed)
        std::snprintf(line, sizeof line, "killed      %-44s %-8s %s, %.1f s: %s",
                      mutant.name.c_str(), death.id.c_str(), death.where.c_str(), death.seconds,
                      death.what.c_str());
    else
        std::snprintf(line, sizeof line, "SURVIVES    %-44s %llu seeds, %.1f s, %s%s%s",
                      mutant.name.c_str(), static_cast<unsigned long long>(death.seeds),
                      death.seconds, mutant.mistake.c_str(),
                      death.others.empty() ? "" : "; only heard: ", death.others.c_str());
    return line;
}

std::uint64_t percentile(std::vector<std::uint64_t> values, std::size_t percent) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

// How well failing lives are reduced (simulator.md 5.4: at most 20 s for 95 of a hundred).
std::string reductions(const std::vector<Death>& deaths) {
    std::vector<std::uint64_t> milliseconds;
    std::vector<std::uint64_t> lives;
    std::vector<std::uint64_t> episodes;
    std::vector<std::uint64_t> replicas;
    std::uint64_t minimal = 0;
    for (const Death& death : deaths) {
        if (!death.reduced.done) continue;
        milliseconds.push_back(static_cast<std::uint64_t>(death.reduced.processor_seconds * 1e3));
        lives.push_back(death.reduced.lives);
        episodes.push_back(death.reduced.episodes_left);
        replicas.push_back(death.reduced.replicas_left);
        minimal += death.reduced.minimal ? 1 : 0;
    }
    std::string text = "reduced     " + std::to_string(lives.size()) + " failing lives, " +
                       std::to_string(minimal) + " to where no episode can go";
    const auto add = [&](const char* name, const std::vector<std::uint64_t>& values) {
        text += std::string("; ") + name + " " + std::to_string(percentile(values, 50)) + ", " +
                std::to_string(percentile(values, 95)) + ", " +
                std::to_string(percentile(values, 100));
    };
    text += "; median, p95, most";
    add("processor ms", milliseconds);
    add("lives", lives);
    add("episodes left", episodes);
    add("replicas left", replicas);
    return text + "\n";
}

void print_list() {
    for (const Mutant& mutant : all_mutants()) {
        std::printf("%s: %s", mutant.name.c_str(), mutant.mistake.c_str());
        for (const std::string& id : mutant.killers)
            std::printf(" %s", id.c_str());
        if (!mutant.canary.empty())
            std::printf(" then %s does not hear %s", mutant.heard.c_str(), mutant.canary.c_str());
        std::printf("\n");
    }
}

int run(const Asked& asked) {
    const std::vector<Mutant> mutants = chosen(asked.only);
    if (mutants.empty()) {
        std::fprintf(stderr, "quorate-mutants: no such mutant; see --list\n");
        return 2;
    }
    std::set<std::string> scenarios;
    std::set<std::string> boundaries;
    for (const Mutant& mutant : mutants) {
        scenarios.insert(mutant.scenarios.begin(), mutant.scenarios.end());
        boundaries.insert(mutant.boundaries.begin(), mutant.boundaries.end());
    }
    std::vector<Mutant> real;
    std::string lines;
    for (const Mutant& mutant : mutants) {
        if (mutant.equivalent.empty())
            real.push_back(mutant);
        else
            lines += line_of(mutant, {}) + "\n";
    }
    const std::vector<Death> deaths =
        search(real, asked.search, [](const Mutant& mutant, const Death& death) {
            std::fprintf(stderr, "%s\n", line_of(mutant, death).c_str());
        });
    std::size_t survivors = 0;
    std::vector<std::uint64_t> seeds;
    for (std::size_t i = 0; i < real.size(); ++i) {
        lines += line_of(real[i], deaths[i]) + "\n";
        if (!deaths[i].killed) ++survivors;
        const bool by_seed = real[i].canary.empty() && deaths[i].where.rfind("seed ", 0) == 0;
        if (deaths[i].killed && by_seed) seeds.push_back(deaths[i].seeds);
    }
    // Whatever killed must not do so where there is no mistake.
    std::uint64_t lives = asked.control;
    for (const std::uint64_t n : seeds)
        lives = std::max(lives, n);
    const Death good = control({scenarios.begin(), scenarios.end()},
                               {boundaries.begin(), boundaries.end()}, lives, asked.search);
    const bool fine = survivors == 0 && !good.killed;
    std::printf("%s %zu mutants, %zu killed, %zu survive, %zu equivalent", fine ? "PASS" : "FAIL",
                mutants.size(), real.size() - survivors, survivors, mutants.size() - real.size());
    std::printf("; seeds to kill: median %llu, p95 %llu, of %zu found by seeds\n",
                static_cast<unsigned long long>(percentile(seeds, 50)),
                static_cast<unsigned long long>(percentile(seeds, 95)), seeds.size());
    if (good.killed)
        std::printf("control     FAILS: without any mistake %s at %s: %s%s\n", good.id.c_str(),
                    good.where.c_str(), good.what.c_str(), good.others.c_str());
    else
        std::printf(
            "control     good: %zu scenarios, %zu boundaries and %llu seeds without any mistake\n",
            scenarios.size(), boundaries.size(), static_cast<unsigned long long>(lives));
    if (asked.search.shrink) std::printf("%s", reductions(deaths).c_str());
    std::printf("%s", lines.c_str());
    return fine ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Asked asked;
    if (!read(argc, argv, asked)) {
        std::fputs(usage, stderr);
        return 2;
    }
    if (asked.list) {
        print_list();
        return 0;
    }
    return run(asked);
}
