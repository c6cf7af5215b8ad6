#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "core/base/limits.hpp"
#include "core/rules/etcd_versions.hpp"
#include "sim/enumerate/enumerate.hpp"
#include "sim/report/report.hpp"
#include "sim/run/run.hpp"
#include "sim/shrink/shrink.hpp"
#include "tools/quorate/commit.hpp"
#include "tools/quorate/home.hpp"
#include "tools/quorate/life.hpp"
#include "tools/quorate/swarm.hpp"
#include "tools/quorate/verbs.hpp"
#include "tools/quorate/verdict.hpp"

namespace quorate::cli {
namespace {

// simulator.md 3.9; what fails in a life has 10 to 15.
constexpr auto simulator_fault = static_cast<Exit>(14);

struct Asked {
    std::uint64_t seed = 1;
    std::string until;
    std::string tape;
    std::string scenario;
    std::string etcd;
    std::string faults;
    std::string bundles;
    std::string waivers;
    std::vector<std::string> lives;
    std::string reference;
    bool pairs = false;
    bool cells = false;
    std::uint32_t replicas = 0;
    bool trace = false;
    bool story = false;
    bool twice = false;
    bool rewrite = false;
    std::string seeds;
    double minutes = 0;
    unsigned jobs = 1;
};

// "3.6" is the newest of that line that lives are simulated on.
std::optional<Version> simulated(const std::string& line) {
    const Version wanted = parse_version(line);
    std::optional<Version> found;
    for (const Version& one : sim::simulated_versions()) {
        const bool same_line = one.major == wanted.major && one.minor == wanted.minor;
        if (same_line && (wanted.patch == 0 || wanted.patch == one.patch)) found = one;
    }
    return found;
}

// nullopt: something asked for is none; what, was said.
std::optional<sim::RunOptions> options_of(const Asked& asked) {
    sim::RunOptions options;
    options.seed = asked.seed;
    options.replicas = asked.replicas;
    const auto no = [](const std::string& why) {
        fail(Exit::usage, why);
        return std::nullopt;
    };
    if (!asked.until.empty()) {
        const auto until = duration_of("--until", asked.until);
        if (!until) return std::nullopt;
        options.until = *until;
    }
    if (!asked.etcd.empty()) {
        options.version = simulated(asked.etcd);
        if (!options.version)
            return no("--etcd: \"" + asked.etcd + "\" is none of 3.4, 3.5, 3.6 and 3.7");
    }
    if (!asked.faults.empty()) {
        std::string unknown;
        const auto faults = sim::parse_faults(asked.faults, unknown);
        if (!faults)
            return no("--faults: \"" + unknown + "\" is no fault, no family and no id; such as " +
                      "wipe,network,N5");
        options.faults = *faults;
    }
    return options;
}

std::optional<std::string> text_in(const std::string& file) {
    std::ifstream in(file);
    if (!in) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(in), {});
}

// The life that was asked for: a seed's, or the one in a file. What is wrong was said.
std::optional<sim::Tape> tape_of(const Asked& asked) {
    if (asked.tape.empty()) {
        const auto options = options_of(asked);
        if (!options) return std::nullopt;
        return sim::draw_tape(*options);
    }
    const auto text = text_in(asked.tape);
    if (!text) {
        fail(Exit::usage, asked.tape + ": cannot be read");
        return std::nullopt;
    }
    std::string why;
    auto tape = sim::parse_tape(*text, why);
    if (!tape) fail(Exit::usage, asked.tape + ": " + why);
    return tape;
}

Told told_as(const Asked& asked) {
    return asked.trace ? Told::lanes : asked.story ? Told::story : Told::verdict;
}

Exit run(const Asked& asked) {
    if (!asked.scenario.empty()) {
        const auto text = text_in(asked.scenario);
        if (!text) return fail(Exit::usage, asked.scenario + ": cannot be read");
        if (asked.rewrite) return rewrite_scenario(asked.scenario, *text);
        return live_scenario(*text, told_as(asked));
    }
    const auto tape = tape_of(asked);
    if (!tape) return Exit::usage;
    return live(*tape, told_as(asked), asked.twice ? Lives::twice : Lives::once);
}

Exit shrink(const Asked& asked) {
    const auto tape = tape_of(asked);
    if (!tape) return Exit::usage;
    const auto begin = std::chrono::steady_clock::now();
    const auto shrunk = sim::shrink(*tape, {});
    if (!shrunk) return fail(Exit::usage, "this life does not fail: there is nothing to reduce");
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << sim::as_scenario(shrunk->tape);
    std::cerr << shrunk->tape.episodes.size() << " episodes of " << tape->episodes.size()
              << " left, after " << shrunk->lives << " lives in " << took.count() << " s"
              << (shrunk->minimal ? "" : "; not minimal: the lives were used up") << std::endl;
    return Exit::ok;
}

std::atomic<bool> stop = false;

// A line a second, where somebody looks.
class Progress {
  public:
    void operator()(const SwarmReport& report, const sim::RunVerdict& verdict) {
        if (!verdict.good()) std::cerr << sim::text_of(verdict) << std::endl;
        const auto now = Clock::now();
        if (now < shown_ + std::chrono::seconds(1)) return;
        shown_ = now;
        const std::chrono::duration<double> took = now - begin_;
        std::cerr << progress_line(report, took.count(), report.coverage.cells() - cells_)
                  << std::endl;
        cells_ = report.coverage.cells();
    }

  private:
    using Clock = std::chrono::steady_clock;
    std::size_t cells_ = 0;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point shown_ = begin_;
};

// nullopt: what was asked for is wrong, and that was said.
std::optional<SwarmReport> run_many(const Asked& asked) {
    const auto life = options_of(asked);
    if (!life) return std::nullopt;
    SwarmOptions options;
    options.life = *life;
    options.jobs = asked.jobs;
    if (!asked.seeds.empty()) {
        const auto seeds = parse_seeds(asked.seeds);
        if (!seeds) {
            fail(Exit::usage, "--seeds: \"" + asked.seeds + "\" is not a range such as 1..20000");
            return std::nullopt;
        }
        options.first = seeds->first;
        options.last = seeds->second;
    } else if (asked.minutes <= 0) {
        fail(Exit::usage, "say how many: --seeds A..B or --minutes M");
        return std::nullopt;
    }
    // What was found until then is kept.
    std::signal(SIGINT, [](int) { stop = true; });
    const auto begin = std::chrono::steady_clock::now();
    Progress progress;
    return run_swarm(options, stop, [&](const SwarmReport& so_far, const sim::RunVerdict& verdict) {
        progress(so_far, verdict);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        if (asked.minutes > 0 && took.count() >= asked.minutes * 60) stop = true;
    });
}

// A file for each mistake, not for each life that shows it: "S5-seed-24258.scn".
void write_bundles(const Asked& asked, const SwarmReport& report) {
    std::set<std::string> known;
    for (const sim::RunVerdict& verdict : report.failures) {
        if (!known.insert(verdict.signature()).second) continue;
        Asked one = asked;
        one.seed = verdict.seed;
        const auto tape = tape_of(one);
        const auto shrunk = tape ? sim::shrink(*tape, {}) : std::nullopt;
        if (!shrunk) continue;
        const std::filesystem::path file =
            std::filesystem::path(asked.bundles) /
            (verdict.broken() + "-seed-" + std::to_string(verdict.seed) + ".scn");
        std::error_code error;
        std::filesystem::create_directories(asked.bundles, error);
        std::ofstream out(file);
        out << sim::bundle(*tape, shrunk->tape, std::string(QUORATE_VERSION) + " " + commit());
        if (out.flush())
            std::cout << file.string() << ": reduced to " << shrunk->tape.episodes.size()
                      << " faults; quorate sim run --tape replays it\n";
        else
            std::cerr << file.string() << ": cannot be written\n";
    }
}

Exit swarm(const Asked& asked) {
    const auto begin = std::chrono::steady_clock::now();
    const auto report = run_many(asked);
    if (!report) return Exit::usage;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << verdict_line(*report, took.count()) << "\n";
    for (const sim::RunVerdict& failure : report->failures)
        std::cout << sim::text_of(failure) << "\n";
    std::cout << text_of(*report) << std::flush;
    if (!asked.bundles.empty()) write_bundles(asked, *report);
    return static_cast<Exit>(report->exit_code());
}

// "H25 reason" a line, '#' begins a comment: the name up to the first tab, or the first word.
std::vector<std::string> waivers_in(const std::string& text) {
    std::vector<std::string> names;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t tab = line.find('\t');
        names.push_back(line.substr(0, tab != line.npos ? tab : line.find(' ')));
    }
    return names;
}

Exit coverage(const Asked& asked) {
    std::vector<std::string> waived;
    if (!asked.waivers.empty()) {
        const auto text = text_in(asked.waivers);
        if (!text) return fail(Exit::usage, asked.waivers + ": cannot be read");
        waived = waivers_in(*text);
    }
    const auto report = run_many(asked);
    if (!report) return Exit::usage;
    const sim::CoverageReport met = sim::report_of(report->coverage, waived);
    std::cout << (met.never.empty() ? "PASS " : "FAIL ") << report->coverage.cells()
              << " cells met in " << report->lives << " lives, " << met.never.size()
              << " never met and not waived\n"
              << met.text
              << "faults, how often asked for, how often they applied, and of what lasts how often "
                 "it was "
                 "felt:\n";
    for (std::size_t i = 0; i < sim::faults_count; ++i) {
        const auto& kind = sim::kind_of(static_cast<sim::Fault>(i));
        const auto& count = report->injected[i];
        std::cout << "  " << kind.id << ' ' << kind.verb << ": " << count.asked << ", "
                  << count.took << (count.felt == 0 ? "" : ", met " + std::to_string(count.felt))
                  << (count.took == 0 ? "  <- never" : "") << '\n';
    }
    if (!report->failures.empty()) return static_cast<Exit>(report->exit_code());
    return met.never.empty() ? Exit::ok : simulator_fault;
}

Exit explain_life(const Asked& asked) {
    const auto tape = tape_of(asked);
    if (!tape) return Exit::usage;
    std::cout << sim::explained(*tape);
    return Exit::ok;
}

// A life is named by its seed or by a file that holds it.
std::optional<sim::Tape> life_named(const Asked& asked, const std::string& name) {
    Asked one = asked;
    const bool seed = name.find_first_not_of("0123456789") == name.npos;
    if (seed)
        one.seed = std::strtoull(name.c_str(), nullptr, 10);
    else
        one.tape = name;
    return tape_of(one);
}

Exit diff(const Asked& asked) {
    const auto a = life_named(asked, asked.lives.at(0));
    const auto b = a ? life_named(asked, asked.lives.at(1)) : std::nullopt;
    if (!a || !b) return Exit::usage;
    const std::string difference = sim::first_difference(*a, *b);
    std::cout << (difference.empty() ? "the same life\n" : difference);
    return Exit::ok;
}

// A file, or every .scn of a folder, by name.
std::vector<std::filesystem::path> references_in(const std::string& path) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) return {path};
    for (const auto& entry : std::filesystem::directory_iterator(path, error))
        if (entry.path().extension() == ".scn") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

// nullopt: what was asked for is wrong, and that was said.
std::optional<std::vector<sim::Reference>> references_of(const Asked& asked) {
    std::vector<sim::Reference> references;
    for (const std::filesystem::path& file : references_in(asked.reference)) {
        std::string why = "cannot be read";
        const auto text = text_in(file);
        auto one = text ? sim::reference_of(file.stem(), *text, why) : std::nullopt;
        if (!one) {
            fail(Exit::usage, file.string() + ": " + why);
            return std::nullopt;
        }
        references.push_back(std::move(*one));
    }
    if (!references.empty()) return references;
    fail(Exit::usage, asked.reference + ": no reference is there; name a file or a folder");
    return std::nullopt;
}

std::optional<sim::EnumerateOptions> boundaries_asked(const Asked& asked) {
    sim::EnumerateOptions options;
    options.pairs = asked.pairs;
    options.jobs = asked.jobs;
    std::istringstream in(asked.faults);
    for (std::string name; std::getline(in, name, ',');) {
        options.faults.push_back(sim::boundary_fault(name));
        if (options.faults.back() != nullptr) continue;
        std::string known;
        for (const sim::BoundaryFault& one : sim::boundary_faults())
            known += std::string(known.empty() ? "" : ", ") + one.name;
        fail(Exit::usage, "--faults: \"" + name + "\" is none of " + known);
        return std::nullopt;
    }
    return options;
}

Exit enumerate(const Asked& asked) {
    const auto options = boundaries_asked(asked);
    const auto references = options ? references_of(asked) : std::nullopt;
    if (!references) return Exit::usage;
    const sim::EnumerateReport report = sim::enumerate(*references, *options);
    std::cout << text_of(report) << '\n';
    if (asked.cells) std::cout << cells_text(report);
    for (const sim::BoundaryFailure& failure : report.failures)
        std::cout << text_of(failure);
    std::cout.flush();
    return static_cast<Exit>(report.exit_code());
}

// Seeded mistakes are in no product: a developer's build directory has the program that holds them.
Exit mutants(const std::string& scenarios) {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::filesystem::path build = self.parent_path().parent_path().parent_path();
    const std::string program = build / "tests/mutants/quorate-mutants";
    if (error || ::access(program.c_str(), X_OK) != 0)
        return fail(Exit::usage,
                    "the mutants are not built; in a checkout run: ninja -C build "
                    "tests/mutants/quorate-mutants");
    ::execl(program.c_str(), program.c_str(), "--scenarios", scenarios.c_str(), "--jobs", "2",
            nullptr);
    return fail(Exit::failed, program + " cannot be run");
}

}  // namespace

void add_sim(CLI::App& app, Exit& exit) {
    auto asked = std::make_shared<Asked>();
    CLI::App* verb = app.add_subcommand("sim", "simulated lives of a cluster");
    verb->require_subcommand(1);
    const auto add_life = [&](CLI::App& of) {
        of.add_option("--until", asked->until, "virtual time, such as 300s");
        of.add_option("--replicas", asked->replicas, "else drawn from the seed")
            ->check(CLI::Range(1U, limits::replicas_max));
        of.add_option("--etcd", asked->etcd, "3.4, 3.5, 3.6 or 3.7; else drawn from the seed");
        of.add_option("--faults", asked->faults, "only these, such as wipe,network,N5");
    };
    const auto add_which = [&](CLI::App& of) {
        of.add_option("--seed", asked->seed, "the same seed, the same life");
        of.add_option("--tape", asked->tape, "the life in this file")->excludes("--seed");
        add_life(of);
    };
    CLI::App* one = verb->add_subcommand("run", "one life with faults: of a seed or in a file");
    add_which(*one);
    CLI::Option* story_file =
        one->add_option("--scenario", asked->scenario, "a story with expectations instead")
            ->excludes("--seed", "--tape");
    one->add_flag("--rewrite", asked->rewrite, "writes into the file what it amounted to")
        ->needs(story_file);
    one->add_flag("--trace", asked->trace, "the life as lanes, a line for each transition");
    one->add_flag("--story", asked->story, "every decision in words")->excludes("--trace");
    one->add_flag("--check-determinism", asked->twice, "lives it twice; says where they differ")
        ->excludes("--trace", "--story", "--scenario");
    one->callback([asked, &exit] { exit = run(*asked); });
    CLI::App* less = verb->add_subcommand("shrink", "reduces a failing life to what it takes");
    add_which(*less);
    less->callback([asked, &exit] { exit = shrink(*asked); });
    CLI::App* many = verb->add_subcommand("swarm", "many of them");
    many->add_option("--seeds", asked->seeds, "such as 1..20000");
    many->add_option("--minutes", asked->minutes, "or as many as fit");
    many->add_option("--jobs", asked->jobs, "threads")
        ->default_val(std::max(1U, std::thread::hardware_concurrency()))
        ->check(CLI::Range(1U, 256U));
    add_life(*many);
    many->add_option("--failures", asked->bundles, "writes a bundle for each mistake into it");
    many->callback([asked, &exit] { exit = swarm(*asked); });
    auto scenarios = std::make_shared<std::string>("scenarios");
    CLI::App* mistakes = verb->add_subcommand("mutants", "are seeded mistakes found? (developers)");
    mistakes->add_option("--scenarios", *scenarios, "folder of the .scn files")
        ->check(CLI::ExistingDirectory)
        ->capture_default_str();
    mistakes->callback([scenarios, &exit] { exit = mutants(*scenarios); });
    CLI::App* cells = verb->add_subcommand("coverage", "what many lives met, and what never");
    cells->add_option("--seeds", asked->seeds, "such as 1..20000");
    cells->add_option("--minutes", asked->minutes, "or as many as fit");
    cells->add_option("--jobs", asked->jobs, "threads")->check(CLI::Range(1U, 256U));
    cells->add_option("--waivers", asked->waivers, "a file of what cannot be met, and why");
    add_life(*cells);
    cells->callback([asked, &exit] { exit = coverage(*asked); });
    CLI::App* every =
        verb->add_subcommand("enumerate", "each fault at each command of short lives");
    every->add_option("--reference", asked->reference, "one of them, or a folder")
        ->default_val("scenarios/reference");
    every->add_option("--faults", asked->faults, "only these, such as agent-dies,answer-lost");
    every->add_flag("--pairs", asked->pairs, "a second fault behind the first as well");
    every->add_flag("--cells", asked->cells, "how each of them bore each fault");
    every->add_option("--jobs", asked->jobs, "threads")->check(CLI::Range(1U, 256U));
    every->callback([asked, &exit] { exit = enumerate(*asked); });
    CLI::App* why = verb->add_subcommand("explain", "what broke, what was true and who knew it");
    add_which(*why);
    why->callback([asked, &exit] { exit = explain_life(*asked); });
    CLI::App* two = verb->add_subcommand("diff", "where two lives begin to differ");
    two->add_option("LIFE", asked->lives, "two seeds or files")->required()->expected(2);
    two->callback([asked, &exit] { exit = diff(*asked); });
    add_sim_xv(*verb, exit);
}

}  // namespace quorate::cli
