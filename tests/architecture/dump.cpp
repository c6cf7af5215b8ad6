// All tables of the core as one JSON document on stdout, read from the compiled tables themselves:
// the source of the golden grids and of docs/rules.md.
#include <cstdio>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/explain.hpp"
#include "core/model/signals.hpp"
#include "core/rules/etcd_versions.hpp"
#include "core/rules/membership_plan.hpp"
#include "core/rules/recovery_table.hpp"

namespace quorate {
namespace {

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

// [a, b, c] and {k: v, ...}, from parts that are JSON already.
std::string joined(const std::vector<std::string>& parts, const char* open, const char* close) {
    std::string out = open;
    for (const std::string& part : parts)
        out += (out.size() == 1 ? "" : ", ") + part;
    return out + close;
}
std::string array(const std::vector<std::string>& parts) { return joined(parts, "[", "]"); }
std::string object(const std::vector<std::pair<const char*, std::string>>& fields) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : fields)
        parts.push_back(quoted(key) + ": " + value);
    return joined(parts, "{", "}");
}

template <class Signal, std::size_t... Index>
std::vector<std::string> signals_in(std::index_sequence<Index...>) {
    return {quoted(type_word<std::variant_alternative_t<Index, Signal>>())...};
}
template <class Signal>
std::string signals() {
    return array(signals_in<Signal>(std::make_index_sequence<std::variant_size_v<Signal>>{}));
}

std::string signals_of(Machine machine) {
    switch (machine) {
        case Machine::replica:
            return signals<ReplicaSignal>();
        case Machine::volume:
            return signals<VolumeSignal>();
        case Machine::process:
            return signals<ProcessSignal>();
        case Machine::member:
            return signals<MemberSignal>();
        case Machine::cluster:
            return signals<ClusterSignal>();
        case Machine::repair:
            return signals<RepairSignal>();
        case Machine::authority:
            return signals<AuthoritySignal>();
        case Machine::look:
            return "[]";
        case Machine::alarm:
            return signals<AlarmSignal>();
        case Machine::space:
            return signals<SpaceSignal>();
    }
    return "[]";
}

std::string phases_of(Machine machine) {
    std::vector<std::string> phases;
    for (std::uint8_t phase = 0; phase_name(machine, phase) != std::string("?"); ++phase)
        phases.push_back(quoted(phase_name(machine, phase)));
    return array(phases);
}

std::string machine_of(const MachineTable& table) {
    std::vector<std::string> rows;
    for (const RowText& row : table.rows)
        rows.push_back(object({{"id", quoted(rule_name(row.id))},
                               {"from", quoted(row.from)},
                               {"signal", quoted(row.signal)},
                               {"to", quoted(row.to)},
                               {"effect", quoted(row.effect)},
                               {"guard", quoted(row.guard)},
                               {"because", quoted(because_of(row.id))}}));
    return object({{"name", quoted(machine_name(table.machine))},
                   {"phases", phases_of(table.machine)},
                   {"signals", signals_of(table.machine)},
                   {"rows", array(rows)}});
}

const char* name_of(RecoveryVerdict verdict) {
    switch (verdict) {
        case RecoveryVerdict::wait:
            return "wait";
        case RecoveryVerdict::tell_empty:
            return "tell_empty";
        case RecoveryVerdict::refuse_to_found:
            return "refuse_to_found";
        case RecoveryVerdict::start:
            return "start";
        case RecoveryVerdict::set_aside:
            return "set_aside";
        case RecoveryVerdict::ask_admission:
            return "ask_admission";
        case RecoveryVerdict::impossible:
            return "impossible";
    }
    return "?";
}

std::string recovery() {
    std::vector<std::string> rows;
    for (const auto* row = begin_of_recovery_table(); row != end_of_recovery_table(); ++row) {
        std::vector<std::string> needs;
        for (const Need need : row->needs)
            needs.push_back(need == Need::y ? "\"y\"" : need == Need::n ? "\"n\"" : "\"_\"");
        rows.push_back(object({{"id", quoted(rule_name(row->id))},
                               {"needs", array(needs)},
                               {"verdict", quoted(name_of(row->verdict))},
                               {"because", quoted(row->because)}}));
    }
    return array(rows);
}

// Rules outside any machine's table: numbered without gaps, to the first id without a reason.
std::string reasons_from(RuleId first) {
    std::vector<std::string> rules;
    const std::string unknown = because_of(RuleId{});
    for (auto number = static_cast<std::uint16_t>(first);; ++number) {
        const auto rule = static_cast<RuleId>(number);
        if (because_of(rule) == unknown) return array(rules);
        rules.push_back(
            object({{"id", quoted(rule_name(rule))}, {"because", quoted(because_of(rule))}}));
    }
}

const char* name_of(VersionTrait trait) {
    switch (trait) {
        case VersionTrait::logger_must_be_named:
            return "logger_must_be_named";
        case VersionTrait::adds_beside_a_dead_voter:
            return "adds_beside_a_dead_voter";
        case VersionTrait::corrupt_check_old_flags:
            return "corrupt_check_old_flags";
        case VersionTrait::corrupt_check_new_flags:
            return "corrupt_check_new_flags";
        case VersionTrait::acknowledges_before_fsync_alone:
            return "acknowledges_before_fsync_alone";
        case VersionTrait::diverges_after_crash:
            return "diverges_after_crash";
        case VersionTrait::skews_when_defragmenting:
            return "skews_when_defragmenting";
    }
    return "?";
}

std::string versions() {
    std::vector<std::string> rules;
    for (const auto* rule = begin_of_version_rules(); rule != end_of_version_rules(); ++rule)
        rules.push_back(object({{"trait", quoted(name_of(rule->trait))},
                                {"from", quoted(to_text(rule->from))},
                                {"below", quoted(to_text(rule->below))},
                                {"source", quoted(rule->source)}}));
    return array(rules);
}

std::string floors() {
    std::vector<std::string> rows;
    for (const auto* row = begin_of_upgrade_floors(); row != end_of_upgrade_floors(); ++row)
        rows.push_back(object({{"to", quoted(minor_text(row->to))},
                               {"floor", quoted(to_text(row->floor))},
                               {"first", quoted(to_text(row->first))},
                               {"source", quoted(row->source)}}));
    return array(rows);
}

std::string everything() {
    std::vector<std::string> machines;
    for (const MachineTable& table : all_tables())
        machines.push_back(machine_of(table));
    return object({{"machines", array(machines)},
                   {"recovery", recovery()},
                   {"planner", reasons_from(RuleId::N01)},
                   {"looks", reasons_from(RuleId::L01)},
                   {"gates", reasons_from(RuleId::U01)},
                   {"versions", versions()},
                   {"floors", floors()},
                   {"version_floor", quoted(to_text(version_floor))}});
}

}  // namespace
}  // namespace quorate

int main() { return std::puts(quorate::everything().c_str()) < 0; }
