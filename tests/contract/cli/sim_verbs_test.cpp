// The built program lives simulated lives: what it prints first is the verdict, what it says of a
// life is said of every life with that seed, and its exit is the life's.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "tests/e2e/support/run.hpp"

namespace quorate::e2e {
namespace {

Ran quorate(std::vector<std::string> words) {
    const char* given = std::getenv("QUORATE_BINARY");
    words.insert(words.begin(), given == nullptr ? "quorate" : given);
    return run(words);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The rest differs between machines and commits.
std::string digest_in(const std::string& text) {
    std::smatch found;
    return std::regex_search(text, found, std::regex(" digest=([0-9a-f]{16}) ")) ? found.str(1)
                                                                                 : "";
}

constexpr const char* common =
    " commit=(unknown|[0-9a-f]{7,40}(-dirty)?) virtual=[0-9.]+[sy] "
    "events=[1-9][0-9]* events/s=[0-9]+ digest=[0-9a-f]{16} "
    "new_cells=[1-9][0-9]*";

TEST(SimVerbs, TheFirstLineOfALifeIsItsVerdict) {
    const Ran ran = quorate({"sim", "run", "--seed", "7", "--until", "60s"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(std::regex_match(first_line(ran.out),
                                 std::regex(std::string("PASS converged seed=7") + common)))
        << ran.out;
    const Ran again = quorate({"sim", "run", "--seed", "7", "--until", "60s", "--trace"});
    EXPECT_EQ(digest_in(first_line(ran.out)), digest_in(first_line(again.out)));
}

TEST(SimVerbs, TheFirstLineOfASwarmIsItsVerdict) {
    const Ran ran = quorate({"sim", "swarm", "--seeds", "1..4", "--until", "60s", "--jobs", "2"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(
        std::regex_match(first_line(ran.out),
                         std::regex(std::string("PASS seeds=4 failed=0 parked=[0-4]") + common)))
        << ran.out;
}

// A broken assertion ends the program in the middle of a life.
TEST(SimVerbs, ALifeThatEndsTheProgramSaysWhichItWas) {
    std::string folder = "/tmp/quorate-sim-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::filesystem::path log = std::filesystem::path(folder) / "log";
    const char* given = std::getenv("QUORATE_BINARY");
    const pid_t child = spawn({given == nullptr ? "quorate" : given, "sim", "swarm", "--seeds",
                               "7..1000000", "--jobs", "1"},
                              log);
    ASSERT_TRUE(eventually([&] { return text_of(log).find("seeds, ") != std::string::npos; }));
    ::kill(child, SIGABRT);
    EXPECT_EQ(await_exit(child), 12);
    const std::string said = text_of(log);
    EXPECT_TRUE(std::regex_search(
        said, std::regex("FAIL crash CRASH seed=[1-9][0-9]+ commit=(unknown|[0-9a-f]{7,40})")))
        << said;
    std::filesystem::remove_all(folder);
}

TEST(SimVerbs, WhatIsNoLifeIsRefused) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"sim", "run", "--tape", "/nowhere"},
          {"sim", "run", "--seed", "1", "--faults", "plague"},
          {"sim", "run", "--seed", "1", "--etcd", "2.0"},
          {"sim", "swarm", "--seeds", "4..1"},
          {"sim", "swarm"}}) {
        const Ran ran = quorate(words);
        EXPECT_EQ(ran.status, 2) << words.back();
        EXPECT_TRUE(ran.err.starts_with("quorate: ")) << ran.err;
        EXPECT_EQ(ran.out, "");
    }
}

}  // namespace
}  // namespace quorate::e2e
