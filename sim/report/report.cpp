#include "sim/report/report.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include "core/explain.hpp"
#include "core/facts/strength.hpp"
#include "sim/report/milestones.hpp"
#include "sim/report/story.hpp"
#include "sim/tape/golden.hpp"

namespace quorate::sim {
namespace {

struct Promise {
    const char* id;
    const char* says;
};
// simulator.md 3.5 and 3.6, in a sentence each.
constexpr Promise promises[] = {
    {"S1", "a removal leaves a quorum of live, honest voters among those that stay"},
    {"S2", "one member at a time is removed, joins, learns or is promoted"},
    {"S3", "one history: one cluster is founded, and at no instant can two groups commit"},
    {"S4", "what was acknowledged is held by whoever leads"},
    {"S5", "etcd never starts under an id on a disk that does not continue what the id last ran"},
    {"S6", "the last copy of what was acknowledged is never destroyed"},
    {"S7", "a forced rebuild takes the best survivor, and waits for better ones first"},
    {"S8", "revisions never run backwards for clients"},
    {"S9", "a learner is promoted only when it holds what the leader holds"},
    {"S10", "ordinal, member, peer URL and volume belong together one to one"},
    {"S11", "nothing is changed outside without authority that is valid where it is changed"},
    {"S12", "what destroys rests on evidence that is linearizable and of this epoch"},
    {"S13", "an alarm is disarmed only when what it warned of is over"},
    {"S14", "voters that hold different content are noticed, and none of them counts as ready"},
    {"S15", "ready means that a linearizable read through this member has just succeeded"},
    {"S16", "a command runs only after its record is durable"},
    {"S17", "a journal folded again gives the same decisions"},
    {"S18", "no binary runs on newer data, and no minor release is skipped"},
    {"S21", "nothing is repeated without end: commands, restarts and queues are bounded"},
    {"S22", "decisions rest on nothing that an adapter could not deliver"},
    {"L1", "in peace the cluster becomes as desired and stays so"},
    {"L3", "while a quorum is well, clients' writes go on"},
    {"L4", "what is wrong and can be seen is noticed within two checks"},
    {"L6", "a scaling takes its time for each member that comes or goes, and no more"},
    {"L7", "what cannot be recovered is parked, with the reason and the next step"},
    {"L8", "a healthy cluster does not mind that the host's API is away"},
    {"L11", "every command ends by its deadline, and what was begun is carried on"},
    {"CORE", "the core's own tables and invariants hold"},
};

std::string comment(const std::string& text) {
    std::string out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        out += "# " + line + "\n";
    return out;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

std::string last_lines(const std::string& text, std::size_t count) {
    const std::vector<std::string> lines = lines_of(text);
    std::string out;
    for (std::size_t i = lines.size() > count ? lines.size() - count : 0; i < lines.size(); ++i)
        out += lines[i] + "\n";
    return out;
}

std::string told(const Tape& tape) {
    std::string text;
    Story story(text);
    run_tape(tape, {.onlooker = &story});
    return text;
}

std::string truth_of(const World& world, std::uint8_t o) {
    const Process& process = world.cluster.process(o);
    const EtcdData* data = world.cluster.data(o);
    std::string text = "agent " + std::string(world.agents[o]->alive() ? "runs" : "is down");
    text += process.life == Life::down ? ", etcd is down"
            : process.frozen           ? ", etcd is frozen"
            : world.cluster.able(o)    ? ", etcd leads"
            : world.cluster.serves(o)  ? ", etcd serves"
                                       : ", etcd runs";
    if (data == nullptr) return text + ", no data";
    text += ", id " + hex(data->id) + ", " + std::to_string(data->log.size()) + " entries, term " +
            std::to_string(data->term);
    if (data->changed != 0) text += ", values changed";
    return text;
}

// "members linearizable 0.2s ago, content unknown"
std::string evidence_text(const State& state) {
    std::string text;
    for (const Subject subject : {Subject::members, Subject::content, Subject::volume}) {
        const Evidence evidence = evidence_of(state, subject);
        text += std::string(text.empty() ? "" : ", ") + name_of(subject) + " " +
                name_of(evidence.strength);
        if (evidence.strength == Strength::unknown) continue;
        const std::int64_t tenths = (state.now - evidence.at).us / 100'000;
        text += " " + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s ago";
    }
    return text;
}

std::string knowledge_of(const World& world, std::uint8_t o) {
    if (!world.agents[o]->alive()) return "-";
    const State& state = world.agents[o]->state();
    const auto phase = [](Machine machine, auto of) {
        return std::string(phase_name(machine, static_cast<std::uint8_t>(of)));
    };
    std::string text = phase(Machine::replica, state.replica.phase) + ", cluster " +
                       phase(Machine::cluster, state.cluster.phase) + ", authority " +
                       phase(Machine::authority, state.authority.phase);
    if (state.repair.phase != RepairPhase::idle)
        text += ", repair of " + std::to_string(state.repair.ordinal.value) + " " +
                phase(Machine::repair, state.repair.phase);
    for (const auto& [id, member] : state.members)
        text += "; " + std::to_string(member.ordinal.value) + " " +
                phase(Machine::member, member.phase);
    return text + "; " + evidence_text(state);
}

}  // namespace

std::string promise_of(const std::string& invariant) {
    for (const Promise& promise : promises)
        if (invariant == promise.id) return promise.says;
    return {};
}

std::string truth_and_knowledge(const World& world) {
    std::string text;
    for (std::uint8_t o = 0; o < World::size; ++o) {
        const bool of_interest = world.agents[o]->alive() || world.cluster.data(o) != nullptr;
        if (!of_interest) continue;
        const std::string name = "replica " + std::to_string(int{o});
        text += name + "  is:    " + truth_of(world, o) + "\n" + std::string(name.size(), ' ') +
                "  knows: " + knowledge_of(world, o) + "\n";
    }
    return text;
}

std::string explained(const Tape& tape, std::size_t lines) {
    std::string trace;
    std::string snapshot;
    Story story(trace);
    const RunVerdict verdict = run_tape(
        tape, {.stop = Stop::at_the_first_violation,
               .onlooker = &story,
               .look = [&](const World& world) { snapshot = truth_and_knowledge(world); }});
    std::string text = text_of(verdict) + "\n";
    const std::string id = verdict.violations.empty() ? "" : verdict.violations.front().id;
    if (const std::string promise = promise_of(id); !promise.empty())
        text += id + ": " + promise + "\n";
    text += "\n" + snapshot + "\n";
    if (lines > 0) text += "what led there:\n" + last_lines(trace, lines);
    return text;
}

std::string first_difference(const Tape& a, const Tape& b) {
    const std::vector<std::string> ours = lines_of(told(a));
    const std::vector<std::string> theirs = lines_of(told(b));
    std::size_t at = 0;
    while (at < ours.size() && at < theirs.size() && ours[at] == theirs[at])
        ++at;
    if (at == ours.size() && at == theirs.size()) return {};
    std::string text;
    for (std::size_t i = at > 8 ? at - 8 : 0; i < at; ++i)
        text += "  " + ours[i] + "\n";
    const auto show = [&](const char* mark, const std::vector<std::string>& lines) {
        for (std::size_t i = at; i < std::min(at + 4, lines.size()); ++i)
            text += mark + lines[i] + "\n";
        if (at >= lines.size()) text += std::string(mark) + "(it has ended)\n";
    };
    show("A ", ours);
    show("B ", theirs);
    return text;
}

std::string as_scenario(const Tape& tape) {
    Milestones milestones;
    const RunVerdict verdict =
        run_tape(tape, {.stop = Stop::at_the_first_violation, .onlooker = &milestones});
    const std::string said = text_of(verdict);
    Lines golden = milestones.lines();
    golden.push_back(ending_of(verdict));
    return with_golden(text_of(tape, said.substr(0, said.find('\n'))), golden);
}

std::string bundle(const Tape& found, const Tape& reduced, const std::string& release) {
    std::string text = as_scenario(reduced);
    text += "# release " + release + "\n";
    text += "#\n# The life as it was found:\n" + comment(text_of(found, "as found"));
    std::size_t lines = 2'000;
    std::string why = comment(explained(reduced, lines));
    // A line of a trace may be long: rather fewer of them than a file that nobody may attach.
    while (text.size() + why.size() > bundle_bytes_max && lines > 10)
        why = comment(explained(reduced, lines /= 2));
    return text + "#\n" + why;
}

}  // namespace quorate::sim
