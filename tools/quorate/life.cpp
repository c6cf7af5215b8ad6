#include "tools/quorate/life.hpp"

#include <chrono>
#include <iostream>

#include "sim/run/run.hpp"
#include "tools/quorate/verdict.hpp"

namespace quorate::cli {

Exit live(const sim::Tape& tape, Told told) {
    std::string story;
    const auto begin = std::chrono::steady_clock::now();
    const sim::RunVerdict verdict =
        told == Told::all ? sim::run_told(tape, &story) : sim::run_tape(tape);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << verdict_line(verdict, took.count(), verdict.coverage.cells()) << "\n"
              << details_of(verdict) << story << std::flush;
    return static_cast<Exit>(verdict.exit_code());
}

Exit live_twice(const sim::Tape& tape) {
    const auto begin = std::chrono::steady_clock::now();
    const sim::RunVerdict first = sim::run_tape(tape);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const sim::RunVerdict second = sim::run_tape(tape);
    if (first.digest != second.digest) {
        std::cout << nondeterminism_line(first, second) << std::endl;
        return static_cast<Exit>(13);
    }
    std::cout << verdict_line(first, took.count(), first.coverage.cells()) << "\n"
              << details_of(first) << std::flush;
    return static_cast<Exit>(first.exit_code());
}

}  // namespace quorate::cli
