// One life as data: the world it begins in and each of its faults (axiom A4). A seed is only a way
// to write a tape. Any tape is valid, so that reducing one never breaks it; its text is a scenario.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/faults/catalogue.hpp"
#include "sim/world/world.hpp"

namespace quorate::sim {

struct Tape {
    std::uint64_t seed = 1;  // of what is no fault: delays, elections, identities
    std::uint32_t replicas = 3;
    PodManagement policy = PodManagement::parallel;
    Version version;
    bool quick = true;  // policy quick, else the default
    Retention volumes = Retention::retain;
    Span faults_end;
    bool approves = true;           // a parked cluster gets the operator's word
    std::vector<Episode> episodes;  // by time; those that wait for a command come first
    bool operator==(const Tape&) const = default;
};

struct TapeOptions {
    std::uint64_t seed = 1;
    Span until = seconds(300);       // faults end at 60 %
    std::uint32_t replicas = 0;      // 0: drawn
    std::optional<Version> version;  // else drawn
    std::vector<Fault> faults;       // empty: all may be drawn
};
Tape draw_tape(const TapeOptions& options);

// The world that it begins in.
Config config_of(const Tape& tape);

// As a scenario, with `claim` in its first line.
std::string text_of(const Tape& tape, const std::string& claim);

// The reverse, of a scenario that says `tape`. nullopt: it is not one, and `why` says in which
// line.
std::optional<Tape> parse_tape(const std::string& text, std::string& why);

// The releases that simulated lives run.
const std::vector<Version>& simulated_versions();

}  // namespace quorate::sim
