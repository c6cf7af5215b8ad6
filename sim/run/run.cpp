#include "sim/run/run.hpp"

#include <cinttypes>
#include <cstdio>

#include "sim/run/checkpoints.hpp"
#include "sim/run/course.hpp"

namespace quorate::sim {

const char* name_of(Ending ending) {
    switch (ending) {
        case Ending::converged:
            return "PASS converged";
        case Ending::parked:
            return "PASS parked";
        case Ending::broke_safety:
            return "FAIL safety";
        case Ending::did_not_settle:
            return "FAIL liveness";
        case Ending::simulator_fault:
            return "FAIL simulator";
        case Ending::nondeterministic:
            return "FAIL nondeterminism";
    }
    return "?";
}

int RunVerdict::exit_code() const {
    switch (ending) {
        case Ending::converged:
        case Ending::parked:
            return 0;
        case Ending::broke_safety:
            return 10;
        case Ending::did_not_settle:
            return 11;
        case Ending::simulator_fault:
            return 14;
        case Ending::nondeterministic:
            return 13;
    }
    return 14;
}

std::string RunVerdict::broken() const {
    if (good()) return {};
    if (!violations.empty()) return violations.front().id;
    if (ending == Ending::nondeterministic) return "DETERMINISM";
    return ending == Ending::simulator_fault ? "SIM" : "L1";
}

std::string RunVerdict::signature() const {
    if (good()) return {};
    std::string said = violations.empty() ? what : violations.front().what;
    // Of a life that did not settle: why it parked, or else what was missing.
    if (const std::size_t parked = said.find("parked: "); violations.empty() && parked != said.npos)
        said = said.substr(parked);
    if (violations.empty()) said = said.substr(0, said.find(';'));
    std::string text = violations.empty() ? name_of(ending) : violations.front().id;
    text += ' ';
    // Numbers name replicas, members and times: another life has others.
    bool in_number = false;
    for (const char c : said) {
        const bool digit = (c >= '0' && c <= '9') || (in_number && c >= 'a' && c <= 'f');
        if (!digit) text += c;
        if (digit && !in_number) text += '#';
        in_number = digit;
    }
    return text;
}

RunVerdict run_tape(const Tape& tape, const LifeOptions& options) {
    Course life(tape, options);
    RunVerdict verdict = live(life, options.checkpoints);
    if (options.look) options.look(life.world());
    return verdict;
}

RunVerdict run_noted(const Tape& tape, std::vector<Released>& into) {
    RunVerdict verdict = run_tape(tape, {.released_into = &into});
    const Instant end = Kernel(tape.seed).now + tape.faults_end;
    std::erase_if(into, [&](const Released& one) { return one.at > end; });
    return verdict;
}

RunVerdict run_seed(const RunOptions& options) { return run_tape(draw_tape(options)); }

std::string ending_of(const RunVerdict& verdict) {
    return verdict.good() ? name_of(verdict.ending) : "FAIL " + verdict.signature();
}

std::string text_of(const RunVerdict& verdict) {
    char line[256];
    std::snprintf(line, sizeof line,
                  "%s seed=%" PRIu64 " digest=%016" PRIx64 " events=%" PRIu64
                  " virtual=%.0fs faults=%" PRIu64 " writes=%" PRIu64 " settled=%.0fs",
                  name_of(verdict.ending), verdict.seed, verdict.digest, verdict.events,
                  static_cast<double>(verdict.virtual_time.us) / 1e6, verdict.faults,
                  verdict.acknowledged, static_cast<double>(verdict.settled_after.us) / 1e6);
    std::string text = line;
    if (!verdict.what.empty()) text += " : " + verdict.what;
    for (const Violation& violation : verdict.violations)
        text += "\n  " + violation.id + " " + violation.what;
    return text;
}

}  // namespace quorate::sim
