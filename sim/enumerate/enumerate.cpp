#include "sim/enumerate/enumerate.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <mutex>
#include <sstream>
#include <thread>

#include "core/base/mix.hpp"

namespace quorate::sim {
namespace {

// What an agent only notes for itself: the same before and after as far as anybody can see.
bool acts_outside(const CommandBody& body) {
    return !std::holds_alternative<WakeAt>(body) && !std::holds_alternative<ProbeReplicas>(body) &&
           !std::holds_alternative<AskPeers>(body);
}

// Those that raft carries: between request and effect there is something to lose.
bool has_a_flight(const CommandBody& body) {
    return std::holds_alternative<AddLearner>(body) ||
           std::holds_alternative<PromoteMember>(body) ||
           std::holds_alternative<RemoveMember>(body) ||
           std::holds_alternative<DisarmCorrupt>(body) || std::holds_alternative<Compact>(body) ||
           std::holds_alternative<DisarmNospace>(body);
}

// An agent that exits is gone with its release.
bool has_edge(const Released& command, Edge edge, bool opens) {
    switch (edge) {
        case Edge::before_commit:
        case Edge::after_commit:
            return opens;
        case Edge::after_release:
        case Edge::after_effect:
            return !std::holds_alternative<ExitAgent>(command.command.body);
        case Edge::in_flight:
            return has_a_flight(command.command.body);
    }
    return false;
}

// `opens` of a command counts those before it that do not act outside: the commit is one.
std::vector<Released> those_outside(const std::vector<Released>& commands) {
    std::vector<Released> outside;
    bool opens = false;
    for (Released one : commands) {
        opens |= one.opens;
        if (!acts_outside(one.command.body)) continue;
        one.opens = opens;
        opens = false;
        outside.push_back(std::move(one));
    }
    return outside;
}

// Room for what lasts, and for what it leads to before it is over.
constexpr Span room = seconds(20);

void add_case(std::vector<BoundaryCase>& to, const Reference& reference, const Tape& before,
              const BoundaryFault& fault, const Released& command, Edge edge) {
    BoundaryCase one;
    one.fault = &fault;
    one.command = static_cast<std::uint32_t>(command.number);
    one.tape = before;
    bool lasts = false;
    for (Episode episode : fault.at(reference, command)) {
        lasts |= episode.lasts != Span{};
        // A point to come back to is no fault: it has its own time.
        if (episode.fault != Fault::save) {
            episode.command = one.command;
            episode.edge = edge;
        }
        one.tape.episodes.push_back(episode);
    }
    if (one.tape.episodes.size() == before.episodes.size()) return;
    std::stable_sort(one.tape.episodes.begin(), one.tape.episodes.end(),
                     [](const Episode& a, const Episode& b) { return a.at < b.at; });
    const Span at = command.at - Kernel(before.seed).now;
    if (lasts) one.tape.faults_end = std::max(one.tape.faults_end, at + room);
    one.where = reference.name + ": command " + std::to_string(command.number) + " " +
                name_of(command.command.body) + " of replica " +
                std::to_string(int{command.agent}) + ", " + name_of(edge) + ", " + fault.name;
    to.push_back(std::move(one));
}

}  // namespace

std::optional<Reference> reference_of(const std::string& name, const std::string& text,
                                      std::string& why) {
    auto tape = parse_tape(text, why);
    if (!tape) return std::nullopt;
    Reference reference;
    reference.name = name;
    reference.tape = std::move(*tape);
    reference.verdict = run_noted(reference.tape, reference.commands);
    if (reference.verdict.ending == Ending::converged) return reference;
    why = "without another fault: " + text_of(reference.verdict);
    return std::nullopt;
}

std::vector<Released> boundaries_of(const Reference& reference) {
    std::vector<Released> all = those_outside(reference.commands);
    if (reference.tape.episodes.empty()) return all;
    const Instant begin = Kernel(reference.tape.seed).now + reference.tape.episodes.front().at;
    std::erase_if(all, [&](const Released& one) { return one.at < begin; });
    return all;
}

std::vector<BoundaryCase> cases_of(const Reference& reference, const BoundaryFault& fault) {
    std::vector<BoundaryCase> cases;
    for (const Released& command : boundaries_of(reference))
        for (const Edge edge : fault.edges)
            if (has_edge(command, edge, command.opens))
                add_case(cases, reference, reference.tape, fault, command, edge);
    return cases;
}

std::vector<BoundaryCase> cases_behind(const BoundaryCase& first, const BoundaryFault& second) {
    Reference with_it;
    with_it.name = first.where + "; then";
    with_it.tape = first.tape;
    run_noted(with_it.tape, with_it.commands);
    std::vector<Released> behind = those_outside(with_it.commands);
    std::erase_if(behind, [&](const Released& one) { return one.number <= first.command; });
    if (behind.size() > pair_commands) behind.resize(pair_commands);
    std::vector<BoundaryCase> cases;
    for (const Released& command : behind)
        for (const Edge edge : second.edges)
            if (has_edge(command, edge, command.opens))
                add_case(cases, with_it, first.tape, second, command, edge);
    return cases;
}

int EnumerateReport::exit_code() const {
    int worst = 0;
    for (const BoundaryFailure& failure : failures)
        if (worst == 0 || failure.verdict.exit_code() < worst) worst = failure.verdict.exit_code();
    return worst;
}

namespace {

class Enumeration {
  public:
    explicit Enumeration(const EnumerateOptions& options) : options_(options) {}

    void add(const Reference& reference, const BoundaryFault& fault) {
        BoundaryCell cell;
        cell.reference = reference.name;
        cell.fault = fault.name;
        report_.cells.push_back(cell);
        for (BoundaryCase& one : cases_of(reference, fault))
            cases_.push_back({std::move(one), report_.cells.size() - 1});
    }

    EnumerateReport run() {
        std::vector<std::thread> others;
        for (unsigned i = 1; i < options_.jobs; ++i)
            others.emplace_back([this] { live_all(); });
        live_all();
        for (std::thread& other : others)
            other.join();
        std::sort(report_.failures.begin(), report_.failures.end(),
                  [](const auto& a, const auto& b) { return a.life.where < b.life.where; });
        return std::move(report_);
    }

  private:
    struct Waiting {
        BoundaryCase life;
        std::size_t cell = 0;
    };

    void live_all() {
        for (;;) {
            std::unique_lock lock(mutex_);
            if (next_ == cases_.size()) return;
            const Waiting& one = cases_[next_++];
            lock.unlock();
            live(one.life, one.cell);
            if (!options_.pairs) continue;
            const auto& few = pair_faults();
            if (std::find(few.begin(), few.end(), one.life.fault) == few.end()) continue;
            for (const BoundaryFault* second : few)
                for (const BoundaryCase& both : cases_behind(one.life, *second))
                    live(both, one.cell);
        }
    }

    void live(const BoundaryCase& life, std::size_t cell) {
        const RunVerdict verdict = options_.run(life.tape);
        const std::lock_guard lock(mutex_);
        ++report_.lives;
        report_.digest += mix(life.command, verdict.digest);
        BoundaryCell& of = report_.cells[cell];
        ++of.lives;
        of.took += verdict.faults_at_commands > 0 ? 1 : 0;
        of.parked += verdict.ending == Ending::parked ? 1 : 0;
        if (verdict.good()) return;
        ++of.failed;
        report_.failures.push_back({life, verdict});
    }

    const EnumerateOptions& options_;
    std::mutex mutex_;
    std::vector<Waiting> cases_;
    std::size_t next_ = 0;
    EnumerateReport report_;
};

}  // namespace

EnumerateReport enumerate(const std::vector<Reference>& references,
                          const EnumerateOptions& options) {
    Enumeration all(options);
    std::vector<const BoundaryFault*> faults = options.faults;
    if (faults.empty())
        for (const BoundaryFault& fault : boundary_faults())
            faults.push_back(&fault);
    std::uint64_t boundaries = 0;
    for (const Reference& reference : references) {
        boundaries += boundaries_of(reference).size();
        for (const BoundaryFault* fault : faults)
            all.add(reference, *fault);
    }
    EnumerateReport report = all.run();
    report.boundaries = boundaries;
    return report;
}

std::string text_of(const EnumerateReport& report) {
    std::uint64_t took = 0;
    std::uint64_t parked = 0;
    for (const BoundaryCell& cell : report.cells) {
        took += cell.took;
        parked += cell.parked;
    }
    char line[256];
    std::snprintf(line, sizeof line,
                  "%s %" PRIu64 " boundaries, %zu cells of reference and fault, %" PRIu64
                  " lives, in %" PRIu64 " the fault applied, %zu failed, %" PRIu64
                  " parked for a proven reason, digest=%016" PRIx64,
                  report.failures.empty() ? "PASS" : "FAIL", report.boundaries, report.cells.size(),
                  report.lives, took, report.failures.size(), parked, report.digest);
    return line;
}

std::string cells_text(const EnumerateReport& report) {
    std::string text;
    for (const BoundaryCell& cell : report.cells) {
        char line[160];
        std::snprintf(line, sizeof line,
                      "  %-24s %-20s %5" PRIu64 " lives %5" PRIu64 " applied %4" PRIu64
                      " parked %4" PRIu64 " failed\n",
                      cell.reference.c_str(), cell.fault.c_str(), cell.lives, cell.took,
                      cell.parked, cell.failed);
        text += line;
    }
    return text;
}

std::string text_of(const BoundaryFailure& failure) {
    return "FAIL " + failure.life.where + "\n  " + failure.verdict.what +
           "\n  to see it again, put this in a file F: quorate sim run --tape F\n" +
           text_of(failure.life.tape, failure.life.where);
}

std::vector<BoundaryWaiver> boundary_waivers(const std::string& text) {
    std::vector<BoundaryWaiver> waivers;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t first = line.find('\t');
        const std::size_t second = line.find('\t', first + 1);
        waivers.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1)});
    }
    return waivers;
}

std::vector<std::string> unmet(const EnumerateReport& report,
                               const std::vector<BoundaryWaiver>& waivers) {
    std::vector<std::string> found;
    for (const BoundaryCell& cell : report.cells) {
        const bool waived = std::any_of(waivers.begin(), waivers.end(), [&](const auto& one) {
            return one.reference == cell.reference && one.fault == cell.fault;
        });
        const std::string name = cell.fault + " in " + cell.reference;
        if (cell.took == 0 && !waived) found.push_back(name + " never applies");
        if (cell.took > 0 && waived) found.push_back(name + " applies, and is waived");
    }
    return found;
}

}  // namespace quorate::sim
