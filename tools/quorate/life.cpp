#include "tools/quorate/life.hpp"

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>

#include "sim/report/lanes.hpp"
#include "sim/report/story.hpp"
#include "sim/run/twice.hpp"
#include "sim/script/script.hpp"
#include "tools/quorate/crash.hpp"
#include "tools/quorate/verdict.hpp"

namespace quorate::cli {

namespace {

constexpr auto conformance = static_cast<Exit>(15);

// What follows the verdict, told while the life goes by.
class Telling {
  public:
    explicit Telling(Told told) {
        if (told == Told::lanes) onlooker_ = std::make_unique<sim::Lanes>(text_);
        if (told == Told::story) onlooker_ = std::make_unique<sim::Story>(text_);
    }
    sim::Onlooker* onlooker() const { return onlooker_.get(); }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
    std::unique_ptr<sim::Onlooker> onlooker_;
};

}  // namespace

namespace {

Exit exit_of(const sim::LivedScript& lived) {
    if (!lived.outcome.good) return static_cast<Exit>(lived.outcome.exit_code);
    return lived.differs.empty() ? Exit::ok : conformance;
}

// From its claim, and from its golden block.
std::string what_differs(const sim::LivedScript& lived) {
    std::string text;
    for (const std::string& line : {lived.outcome.failure, lived.differs})
        if (!line.empty()) text += "  " + line + "\n";
    return text;
}

}  // namespace

Exit live(const sim::Tape& tape, Told told, Lives lives) {
    const Telling telling(told);
    expect_crash_of(tape.seed);
    const auto begin = std::chrono::steady_clock::now();
    const sim::RunVerdict verdict = lives == Lives::twice
                                        ? sim::run_twice(tape)
                                        : sim::run_tape(tape, {.onlooker = telling.onlooker()});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::cout << verdict_line(verdict, took.count(), verdict.coverage.cells()) << "\n"
              << details_of(verdict) << telling.text() << std::flush;
    return static_cast<Exit>(verdict.exit_code());
}

Exit live_scenario(const std::string& text, Told told) {
    const Telling telling(told);
    const sim::LivedScript lived = sim::live_script(text, telling.onlooker());
    const Exit exit = exit_of(lived);
    std::cout << (exit == Exit::ok ? "PASS " : "FAIL ") << lived.outcome.claim << "\n"
              << what_differs(lived) << telling.text() << std::flush;
    return exit;
}

Exit rewrite_scenario(const std::string& file, const std::string& text) {
    const sim::LivedScript lived = sim::live_script(text);
    const bool good = lived.outcome.good;
    if (good) {
        std::ofstream out(file);
        out << sim::with_golden(text, lived.told) << std::flush;
        if (!out) return fail(Exit::usage, file + ": cannot be written");
    }
    std::cout << (good ? "PASS " : "FAIL ") << lived.outcome.claim << "\n"
              << what_differs(lived) << std::flush;
    return good ? Exit::ok : exit_of(lived);
}

}  // namespace quorate::cli
