// A scenario that real etcd processes and the simulator's model of them go through alike
// (simulator.md 3.8). One file, one measured fact:
//
//     claim WHAT THE FACT IS                    the first line
//     source WHERE IT WAS FIRST MEASURED
//     real-only [on RELEASES:] WHY              the model does not go there; counted and printed
//     STEP [until OUTCOME]                      `until`: again and again until it ends so, for a
//     while
//       = [on RELEASES:] OUTCOME                what real etcd did; several: one of them; `any`:
//                                               left to races, and only the model must know it
//
// RELEASES are lines (3.5: every release of it) and releases (3.5.23). `#` begins a comment line.
// Members are a to i; VIA is the member whose client port is asked. The steps:
//
//     set FLAG VALUE          for whoever starts from here on: strict off, initial-check on,
//                             corrupt-check SPAN, compact-check SPAN, snapshot-count N, quota MIB
//     boot X...               founders; returns when all serve and the first leads
//     start X...              as existing members of the list that the operator knows; together
//     found X...              the same as state new
//     kill X...  stop X...    SIGKILL, SIGTERM
//     pause X... resume X...  SIGSTOP, SIGCONT
//     wipe X, copy X Y, save X, restore X      the data; from X to Y; restore is a rollback
//     damage X KIND           of one that does not run; Damage below
//     partition a b | c, heal
//     hold SPAN               only where the rule itself is about time
//     lead X                  X leads, or the scenario cannot go on
//     note-term VIA           the term that VIA is in
//     reach-term VIA          others come to lead until it is the one that was noted; beyond it the
//                             play is void, and is played again
//     add-learner VIA X, add-voter VIA X, promote VIA X, remove VIA X, move-leader VIA X
//     put VIA N               N keys, numbered through the scenario, one revision each
//     get VIA lin|ser N       of the key written Nth: right, wrong, missing
//     table VIA               the member list as VIA knows it
//     state X...              down, paused, starting, up, learner, serves, or dead and why
//     leader VIA
//     content X...            revisions; members with the same hash at the lowest are joined by `=`
//     alarms VIA [kinds]      who is named by each; or only the kinds
//     disarm VIA, compact VIA, defrag X
//     fill VIA                one MiB more
//
// What is compared is normalised: names for ids, closed tokens for errors and deaths. Times, terms
// and (unless asked) who leads are not.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/base/ids.hpp"

namespace quorate::sim::xv {

// Lines and releases, as written; none: all.
struct Releases {
    std::vector<std::string> items;

    bool cover(Version version) const;
    bool operator==(const Releases&) const = default;
};

struct Expected {
    Releases on;
    std::string outcome;
};

struct Step {
    std::size_t line = 0;
    std::vector<std::string> words;
    std::string until;  // empty: once
    std::vector<Expected> expected;

    std::string text() const;
    bool observes() const;  // its outcome is compared
};

struct RealOnly {
    Releases on;
    std::string reason;
};

struct Scenario {
    std::string name;
    std::string claim;
    std::string source;
    std::vector<RealOnly> real_only;
    std::vector<Step> steps;
    std::string fault;  // not empty: the file cannot be used, and why

    const RealOnly* exempt(Version version) const;
};

Scenario parse(std::string name, const std::string& text);

// One outcome for each step that observes.
using Trace = std::vector<std::string>;

// The first step whose outcome the file does not tell for this release; empty: there is none.
std::string contradiction(const Scenario& scenario, Version version, const Trace& trace);

// What is not as the file tells is first of all an answer that did not come in time: of this play
// nobody knows whether it was etcd or the machine.
bool went_unanswered(const Scenario& scenario, Version version, const Trace& trace);

// The file's text with every golden line made anew from what was seen on each release.
struct Seen {
    Version version;
    Trace trace;
};
std::string rewritten(const std::string& text, const std::vector<Seen>& seen);

}  // namespace quorate::sim::xv
