// Lives through seeds and scenarios with one seeded mistake switched on, until a property that is
// named for it tells of it. A mutant that nobody tells of is a missing oracle.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace quorate::mutants {

struct Mutant {
    std::string name;
    std::string mistake;
    std::string equivalent;  // why nothing can tell it from the right code; else empty
    std::string canary;      // a mistake in an oracle: with it this mutant is heard no more ...
    std::string heard;       // ... by this id
    std::vector<std::string> killers;
    std::vector<std::string> scenarios;
    std::vector<std::string> boundaries;  // "wiped-follower agent-dies": reference and fault
    std::uint64_t seeds = 0;
};

const std::vector<Mutant>& all_mutants();

// A life that failed, reduced (sim/shrink).
struct Reduced {
    bool done = false;
    bool minimal = false;
    double processor_seconds = 0;
    std::uint64_t lives = 0;
    std::uint64_t episodes_left = 0;
    std::uint64_t replicas_left = 0;
};

struct Death {
    bool killed = false;
    std::string id;           // of the property that told
    std::string where;        // "seed 17", "repair/a.scn"
    std::string what;         // its words
    std::string others;       // ids that spoke and are not named for this mutant
    std::uint64_t seeds = 0;  // lived through, the last one included
    double seconds = 0;
    Reduced reduced;
};

struct Search {
    std::string scenarios;  // folder of the corpus
    std::uint64_t first_seed = 1;
    unsigned jobs = 1;
    bool shrink = false;  // the life of each seed that killed
};

// One death for each mutant, in their order; each in a process of its own, so that a crash is one
// more way to die. `told` hears of each as it ends.
std::vector<Death> search(const std::vector<Mutant>& mutants, const Search& how,
                          const std::function<void(const Mutant&, const Death&)>& told);

// The same search without any mistake: its only good end is that nothing is killed.
Death control(const std::vector<std::string>& scenarios, const std::vector<std::string>& boundaries,
              std::uint64_t seeds, const Search& how);

}  // namespace quorate::mutants
