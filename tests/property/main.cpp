// Runs the laws: twenty thousand cases of each, from one seed, so that one commit has one answer;
// a long run (QUORATE_LONG) takes five times as many, from a fresh seed. QUORATE_LAW_CASES sets
// another number, for builds in which a case is expensive. RC_PARAMS goes before all of these: a
// failure prints the one that shows it again.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "tests/property/law.hpp"

namespace {

constexpr unsigned long enough_for_every_class = 20000;

// By name, how many cases of the current law were of this class.
std::map<std::string, std::uint64_t>& classes() {
    static std::map<std::string, std::uint64_t> counts;
    return counts;
}

class NoClassIsEmpty final : public testing::EmptyTestEventListener {
    void OnTestStart(const testing::TestInfo&) override { classes().clear(); }
    void OnTestEnd(const testing::TestInfo& law) override {
        if (!law.result()->Passed()) return;
        for (const auto& [name, count] : classes())
            if (count == 0) ADD_FAILURE() << "no case was of the class \"" << name << "\"";
    }
};

bool has_key(const std::string& parameters, const std::string& key) {
    return (" " + parameters).find(" " + key + "=") != std::string::npos;
}

std::string text_of(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
}

}  // namespace

namespace quorate::test {

void classify(bool is, const std::string& name) {
    classes()[name] += is ? 1 : 0;
    RC_CLASSIFY(is, name);
}

}  // namespace quorate::test

int main(int argc, char** argv) {
    const bool longer = !text_of("QUORATE_LONG").empty();
    std::string cases = text_of("QUORATE_LAW_CASES");
    if (cases.empty()) cases = longer ? "100000" : "20000";
    std::string parameters = text_of("RC_PARAMS");
    const bool partial = has_key(parameters, "reproduce") || has_key(parameters, "max_success") ||
                         std::strtoul(cases.c_str(), nullptr, 10) < enough_for_every_class;
    if (!has_key(parameters, "max_success")) parameters += " max_success=" + cases;
    if (!has_key(parameters, "seed") && !longer) parameters += " seed=20261121";
    setenv("RC_PARAMS", parameters.c_str(), 1);
    testing::InitGoogleTest(&argc, argv);
    if (!partial) testing::UnitTest::GetInstance()->listeners().Append(new NoClassIsEmpty);
    return RUN_ALL_TESTS();
}
