// What simulated lives have met (simulator.md 3.7): rules that answered, also beside which family
// of faults, phases and the observations that met them there, and named truths that are rare. A set
// of cells, as small as it is, is merged over many lives; what is never met is named in a report.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/model/decision.hpp"
#include "core/model/state.hpp"
#include "sim/faults/catalogue.hpp"

namespace quorate::sim {

// Rare and worth meeting: each must be met at least once in ten thousand lives.
enum class Sometimes : std::uint8_t {
    a_majority_lost_its_volumes,
    a_journal_lost_in_a_repair,
    a_leader_is_removed,
    an_agent_dies_between_removal_and_addition,
    an_approved_rebuild_is_interrupted,
    authority_lost_in_a_repair,
    no_api_in_a_repair,
    content_differs_in_a_repair,
    nospace_beside_a_repair,
    scaled_in_a_repair,
    two_volumes_lost_one_after_the_other,
    a_person_removes_in_a_repair,
    count_,
};
inline constexpr auto sometimes_count = static_cast<std::size_t>(Sometimes::count_);
const char* name_of(Sometimes truth);

class Coverage {
  public:
    void answered(RuleId rule, Verdict verdict, std::uint8_t families_active);
    void met(Machine machine, std::uint8_t phase, std::size_t observation);
    void is_true(Sometimes truth) { sometimes_.set(static_cast<std::size_t>(truth)); }

    // How many cells of `more` were not there before.
    std::size_t merge(const Coverage& more);
    std::size_t cells() const;

    bool has(RuleId rule) const { return taken_[number(rule)] || refused_[number(rule)]; }
    bool has(RuleId rule, Family beside) const {
        return beside_[number(rule) * families + static_cast<std::size_t>(beside)];
    }
    bool has(Sometimes truth) const { return sometimes_[static_cast<std::size_t>(truth)]; }
    bool has(Machine machine, std::uint8_t phase, std::size_t observation) const {
        return met_[place(machine, phase, observation)];
    }

  private:
    static constexpr std::size_t rules = 2048;  // RuleId's numbers are below
    static constexpr std::size_t phases = 16;
    static constexpr std::size_t observations = 24;
    static constexpr std::size_t machines = 16;

    static std::size_t number(RuleId rule) { return static_cast<std::size_t>(rule) % rules; }
    static std::size_t place(Machine machine, std::uint8_t phase, std::size_t observation) {
        return (static_cast<std::size_t>(machine) * phases + phase % phases) * observations +
               observation % observations;
    }

    std::bitset<rules> taken_;
    std::bitset<rules> refused_;
    std::bitset<rules * families> beside_;
    std::bitset<machines * phases * observations> met_;
    std::bitset<sometimes_count> sometimes_;
};

// The report: of each kind of cell how many were met, and the names of those that were not and are
// not waived. `waived` holds names as the report prints them.
struct CoverageReport {
    std::string text;
    std::vector<std::string> never;  // unwaived, as printed
};
CoverageReport report_of(const Coverage& coverage, const std::vector<std::string>& waived);

}  // namespace quorate::sim
