#include "sim/run/checkpoints.hpp"

#include <algorithm>
#include <utility>

namespace quorate::sim {

void Checkpoints::pass(const Course& life) {
    if (limits_.most == 0 || life.at() <= last_ || life.at().us % limits_.every.us != 0) return;
    last_ = life.at();
    kept_.push_back(life);
    thin();
}

void Checkpoints::thin() {
    while (!kept_.empty() && (kept_.size() > limits_.most || bytes() > limits_.bytes_most)) {
        limits_.every = limits_.every * 2;
        std::erase_if(kept_,
                      [&](const Course& life) { return life.at().us % limits_.every.us != 0; });
    }
}

std::size_t Checkpoints::bytes() const {
    std::size_t sum = 0;
    for (const Course& life : kept_)
        sum += sizeof(Course) + life.world().bytes_held();
    return sum;
}

const Course* Checkpoints::last_of(const Tape& tape) const {
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                    [&](const Course& life) { return life.is_also_of(tape); });
    return found == kept_.rend() ? nullptr : &*found;
}

Checkpoints Checkpoints::beyond(const Course* from) const {
    Checkpoints more(limits_);
    if (from != nullptr) more.last_ = from->at();
    return more;
}

void Checkpoints::follow(const Course* from, Checkpoints beyond) {
    const auto after =
        std::find_if(kept_.begin(), kept_.end(), [&](const Course& life) { return &life == from; });
    kept_.erase(after == kept_.end() ? kept_.begin() : std::next(after), kept_.end());
    kept_.splice(kept_.end(), beyond.kept_);
    last_ = beyond.last_;
    limits_.every = beyond.limits_.every;
    thin();
}

RunVerdict live(Course& life, Checkpoints* checkpoints) {
    while (life.go_on())
        if (checkpoints != nullptr) checkpoints->pass(life);
    return life.end();
}

}  // namespace quorate::sim
