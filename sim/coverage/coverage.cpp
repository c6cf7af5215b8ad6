#include "sim/coverage/coverage.hpp"

#include <algorithm>
#include <iterator>

#include "core/explain.hpp"

namespace quorate::sim {
namespace {

constexpr const char* truths[] = {
    "a majority lost its volumes",
    "a journal lost in a repair",
    "a leader is removed",
    "an agent dies between removal and addition",
    "an approved rebuild is interrupted",
    "authority lost in a repair",
    "no API in a repair",
    "content differs in a repair",
    "NOSPACE beside a repair",
    "scaled in a repair",
    "two volumes lost one after the other",
    "a person removes in a repair",
};
static_assert(std::size(truths) == sometimes_count);

// Rows of the machines; the other tables answer inside of them, and scenarios meet those.
std::vector<RuleId> every_row() {
    std::vector<RuleId> rules;
    for (const MachineTable& table : all_tables())
        for (const RowText& row : table.rows)
            rules.push_back(row.id);
    return rules;
}

// One line "rules: 250 of 264 met, 14 waived", and what is missing.
class Tally {
  public:
    Tally(const char* what, const std::vector<std::string>& waived, CoverageReport& report)
        : what_(what), waived_(waived), report_(report) {}

    void cell(bool met, const std::string& name) {
        ++all_;
        if (met) {
            ++met_;
        } else if (std::find(waived_.begin(), waived_.end(), name) != waived_.end()) {
            ++excused_;
        } else {
            never_.push_back(name);
        }
    }
    // Cells of this kind are demanded one by one, or counted only.
    void finish(bool demanded) {
        report_.text += std::string(what_) + ": " + std::to_string(met_) + " of " +
                        std::to_string(all_) + " met, " + std::to_string(excused_) + " waived\n";
        if (!demanded) return;
        for (const std::string& name : never_)
            report_.text += "  never: " + name + "\n";
        report_.never.insert(report_.never.end(), never_.begin(), never_.end());
    }

  private:
    const char* what_;
    const std::vector<std::string>& waived_;
    CoverageReport& report_;
    std::size_t all_ = 0;
    std::size_t met_ = 0;
    std::size_t excused_ = 0;
    std::vector<std::string> never_;
};

}  // namespace

const char* name_of(Sometimes truth) { return truths[static_cast<std::size_t>(truth)]; }

void Coverage::answered(RuleId rule, Verdict verdict, std::uint8_t families_active) {
    (verdict == Verdict::taken ? taken_ : refused_).set(number(rule));
    for (std::size_t family = 0; family < families; ++family)
        if ((families_active >> family & 1U) != 0) beside_.set(number(rule) * families + family);
}

void Coverage::met(Machine machine, std::uint8_t phase, std::size_t observation) {
    met_.set(place(machine, phase, observation));
}

std::size_t Coverage::merge(const Coverage& more) {
    const std::size_t before = cells();
    taken_ |= more.taken_;
    refused_ |= more.refused_;
    beside_ |= more.beside_;
    met_ |= more.met_;
    sometimes_ |= more.sometimes_;
    return cells() - before;
}

std::size_t Coverage::cells() const {
    return taken_.count() + refused_.count() + beside_.count() + met_.count() + sometimes_.count();
}

CoverageReport report_of(const Coverage& coverage, const std::vector<std::string>& waived) {
    CoverageReport report;
    Tally rules("rules", waived, report);
    Tally beside("rules beside a family of faults", waived, report);
    for (const RuleId rule : every_row()) {
        rules.cell(coverage.has(rule), rule_name(rule));
        for (std::size_t family = 0; family < families; ++family)
            beside.cell(coverage.has(rule, static_cast<Family>(family)),
                        rule_name(rule) + " beside " + name_of(static_cast<Family>(family)));
    }
    rules.finish(true);
    beside.finish(false);
    Tally sometimes("rare truths", waived, report);
    for (std::size_t i = 0; i < sometimes_count; ++i)
        sometimes.cell(coverage.has(static_cast<Sometimes>(i)), truths[i]);
    sometimes.finish(true);
    return report;
}

}  // namespace quorate::sim
