// The same seed is the same life whatever built it: another compiler, another optimisation, with
// sanitizers. What depends on the order of evaluation, on uninitialised memory or on an address
// shows here as another digest.
//
// A digest is no golden: it is another one whenever the core decides otherwise. So every build
// writes its own to $QUORATE_DIGESTS_HERE, and compares them with those of $QUORATE_DIGESTS, the
// build that ran before it; tools/test leads the one to the other.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "sim/run/run.hpp"
#include "sim/script/script.hpp"
#include "tests/scenario/scenarios.hpp"

namespace quorate::sim {
namespace {


constexpr std::uint64_t lives = 50;

std::string line(const std::string& what, std::uint64_t digest) {
    char text[17];
    std::snprintf(text, sizeof text, "%016" PRIx64, digest);
    return what + " " + text;
}

Lines digests() {
    Lines lines;
    for (std::uint64_t seed = 1; seed <= lives; ++seed) {
        RunOptions options;
        options.seed = seed;
        lines.push_back(line("seed " + std::to_string(seed), run_seed(options).digest));
    }
    for (const std::string& name : all_scenarios())
        lines.push_back(line(name, run_script(text_of_scenario(name)).digest));
    return lines;
}

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream in(text);
    for (std::string one; std::getline(in, one);)
        lines.push_back(one);
    return lines;
}

// What differs, in words; empty: nothing.
Lines differences(const Lines& here, const Lines& there) {
    Lines found;
    if (there.empty()) found.push_back("the other build has left no digests");
    for (std::size_t i = 0; i < std::max(here.size(), there.size()); ++i) {
        const std::string ours = i < here.size() ? here[i] : "nothing";
        const std::string theirs = i < there.size() ? there[i] : "nothing";
        if (ours != theirs) found.push_back(ours + " here, " + theirs + " there");
    }
    return found;
}

TEST(Digests, AreThoseOfTheOtherBuild) {
    const Lines here = digests();
    if (const char* file = std::getenv("QUORATE_DIGESTS_HERE")) {
        std::ofstream out(file);
        for (const std::string& one : here)
            out << one << "\n";
        ASSERT_TRUE(out.flush()) << file;
    }
    const char* file = std::getenv("QUORATE_DIGESTS");
    if (file == nullptr) return;  // the first build: there is nothing to compare with
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const std::string& one : differences(here, lines_of(text)))
        ADD_FAILURE() << one;
}

TEST(Digests, AnotherLifeIsFound) {
    const Lines here = {line("seed 1", 7), line("seed 2", 8)};
    EXPECT_EQ(differences(here, here), Lines{});
    EXPECT_EQ(differences(here, {line("seed 1", 7), line("seed 2", 9)}),
              Lines{"seed 2 0000000000000008 here, seed 2 0000000000000009 there"});
    EXPECT_EQ(differences(here, {line("seed 1", 7)}).size(), 1U);
    EXPECT_EQ(differences(here, {}).size(), 3U);
}

}  // namespace
}  // namespace quorate::sim
