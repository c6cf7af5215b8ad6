#include "sim/oracles/findings.hpp"

#include <utility>

#include "sim/world/world.hpp"

namespace quorate::sim {

void Findings::report(const char* id, std::string what) {
    if (found_.empty()) found_at_ = world_.kernel.now;
    if (found_.size() < 20) found_.push_back({id, std::move(what)});
    if (world_.watched()) world_.say("VIOLATION " + found_.back().id + " " + found_.back().what);
}

}  // namespace quorate::sim
