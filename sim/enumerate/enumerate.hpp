// Small scope, exhaustively (simulator.md 3.4 and 4.4): a reference is a short life in which one
// thing happens as it should. Each of its commands is a boundary, and at each edge of each of them
// every fault of a list falls once, in a life of its own; nothing is sampled. All oracles judge
// these lives, safety as well as convergence.
//
// What is equal is enumerated once. The commands of one decision share its commit. Between commit
// and the first effect no time passes, so that only what stops the agent falls at the commit: for
// everything else these edges are the same instant of the same world. An agent that stops takes the
// commands with it that were released and have no effect yet: that edge is after-commit again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/run/run.hpp"

namespace quorate::sim {

struct Reference {
    std::string name;
    Tape tape;
    RunVerdict verdict;              // of the life without any other fault
    std::vector<Released> commands;  // all, since numbers count all
};

// From the text of a tape. nullopt: it is none, or a life that does not go well by itself.
std::optional<Reference> reference_of(const std::string& name, const std::string& text,
                                      std::string& why);

// Those that act on something outside of the agent, from the first fault of the reference on.
std::vector<Released> boundaries_of(const Reference& reference);

// At whose cost a fault falls, and where: one line of the enumeration.
struct BoundaryFault {
    const char* name = "";
    std::vector<Edge> edges;
    // What a tape says of it at this boundary; empty: there it makes no sense.
    std::function<std::vector<Episode>(const Reference&, const Released&)> at;
};
const std::vector<BoundaryFault>& boundary_faults();
const BoundaryFault* boundary_fault(const std::string& name);

struct BoundaryCase {
    const BoundaryFault* fault = nullptr;
    std::string where;  // "command 57 AddLearner of replica 0, in-flight, agent-dies"
    std::uint32_t command = 0;
    Tape tape;
};
std::vector<BoundaryCase> cases_of(const Reference& reference, const BoundaryFault& fault);

// A second fault behind the first, at each edge of the next `pair_commands` boundaries that the
// life with the first one has. Of both only those that stop, cut off or silence somebody.
inline constexpr std::size_t pair_commands = 6;
const std::vector<const BoundaryFault*>& pair_faults();
std::vector<BoundaryCase> cases_behind(const BoundaryCase& first, const BoundaryFault& second);

// How one reference bore one fault.
struct BoundaryCell {
    std::string reference;
    std::string fault;
    std::uint64_t lives = 0;
    std::uint64_t took = 0;  // where the fault applied
    std::uint64_t parked = 0;
    std::uint64_t failed = 0;
};
struct BoundaryFailure {
    BoundaryCase life;
    RunVerdict verdict;
};
struct EnumerateReport {
    std::vector<BoundaryCell> cells;
    std::vector<BoundaryFailure> failures;
    std::uint64_t boundaries = 0;
    std::uint64_t lives = 0;
    std::uint64_t digest = 0;  // of all lives, in whatever order they ended

    int exit_code() const;  // of the gravest failure (simulator.md 3.9)
};

struct EnumerateOptions {
    std::vector<const BoundaryFault*> faults;  // empty: all
    bool pairs = false;
    unsigned jobs = 1;
    // Runs a tape: another core than the product's is what the enumeration is tested with.
    std::function<RunVerdict(const Tape&)> run = [](const Tape& tape) { return run_tape(tape); };
};
EnumerateReport enumerate(const std::vector<Reference>& references,
                          const EnumerateOptions& options);

// "PASS 17 references, 402 boundaries, ..."; and a line for each cell when asked for.
std::string text_of(const EnumerateReport& report);
std::string cells_text(const EnumerateReport& report);
// What failed, where, and the tape that shows it again.
std::string text_of(const BoundaryFailure& failure);

// "reference TAB fault TAB reason" a line, '#' begins a comment: what cannot apply.
struct BoundaryWaiver {
    std::string reference;  // "*": any
    std::string fault;
};
std::vector<BoundaryWaiver> boundary_waivers(const std::string& text);
// Cells in which a fault never applied and that nobody waived, and waivers of no use.
std::vector<std::string> unmet(const EnumerateReport& report,
                               const std::vector<BoundaryWaiver>& waivers);

}  // namespace quorate::sim
