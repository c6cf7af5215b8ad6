// Bytes that earlier releases wrote are read by this one, and mean the same: every kind of event
// and command, a decision, a state, with a value in every field that the release had.
//
// tests/golden/wire_bytes.txt holds them, a line each. A line is never changed and never removed. A
// release that adds fields appends its own: run with QUORATE_REWRITE=1.
#include <gtest/gtest.h>

#include <boost/pfr/core.hpp>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/wire/command.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/event.hpp"
#include "core/wire/state.hpp"

namespace quorate {
namespace {

// Gives every field a value that is not its default; containers hold one element.
class Counter {
  public:
    template <class T>
    void fill(T& value) {
        if constexpr (std::is_same_v<T, bool>)
            value = true;
        else if constexpr (std::is_enum_v<T>)
            value = static_cast<T>(static_cast<int>(value) == 0 ? 1 : 0);
        else if constexpr (std::is_integral_v<T>)
            value = static_cast<T>(++count_ % 100 + 1);
        else
            boost::pfr::for_each_field(value, [this](auto& field) { fill(field); });
    }
    void fill(RuleId& value) { value = RuleId::M07; }
    void fill(std::string& value) { value = "text " + std::to_string(++count_); }
    template <class T>
    void fill(std::optional<T>& value) {
        fill(value.emplace());
    }
    template <class T>
    void fill(std::vector<T>& values) {
        fill(values.emplace_back());
    }
    template <class Key, class Value>
    void fill(SmallMap<Key, Value>& values) {
        Key key{};
        fill(key);
        fill(values[key]);
    }
    template <class... Ts>
    void fill(std::variant<Ts...>& value) {
        std::visit([this](auto& held) { fill(held); }, value);
    }

  private:
    int count_ = 0;
};

template <class T>
T filled(T value = {}) {
    Counter().fill(value);
    return value;
}

// One value for each alternative.
template <class... Ts>
std::vector<std::variant<Ts...>> alternatives(const std::variant<Ts...>*) {
    return {Ts{}...};
}
template <class Variant>
std::vector<Variant> each() {
    return alternatives(static_cast<const Variant*>(nullptr));
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (const char byte : bytes) {
        constexpr char digits[] = "0123456789abcdef";
        text += digits[static_cast<unsigned char>(byte) >> 4];
        text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

std::string bytes_of(const std::string& text) {
    std::string bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2)
        bytes += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
    return bytes;
}

// "event 08...": all that this release can write.
std::vector<std::string> lines_of_today() {
    std::vector<std::string> lines;
    const auto add = [&lines](const std::string& kind, const std::string& bytes) {
        lines.push_back(kind + " " + hex(bytes));
    };
    for (const Observation& observation : each<Observation>())
        if (!std::holds_alternative<UnknownObservation>(observation))
            add("event", wire::encode(filled(Event{{}, {}, observation})));
    for (const Brought& brought : each<Brought>())
        for (const auto& outcome : each<decltype(CommandEnded::outcome)>())
            add("event", wire::encode(filled(Event{{}, {}, CommandEnded{{}, outcome, brought}})));
    for (const CommandBody& body : each<CommandBody>())
        add("command", wire::encode(filled(Command{{}, {}, body})));
    add("decision", wire::encode(filled<Decision>()));
    add("state", wire::encode(filled<State>()));
    add("state", wire::encode(State{}));
    return lines;
}

// What is read of it, written again; "" when it is not understood.
std::string again(const std::string& kind, const std::string& bytes) {
    if (kind == "event") {
        const auto event = wire::decode_event(bytes);
        if (!std::holds_alternative<Event>(event)) return "";
        if (std::holds_alternative<UnknownObservation>(std::get<Event>(event).observation))
            return "";
        return wire::encode(std::get<Event>(event));
    }
    const auto written = [](const auto& read) {
        return read.index() == 0 ? wire::encode(std::get<0>(read)) : std::string();
    };
    if (kind == "command") return written(wire::decode_command(bytes));
    if (kind == "decision") return written(wire::decode_decision(bytes));
    return written(wire::decode_state(bytes));
}

std::set<std::string> read_lines(const std::string& path) {
    std::set<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        lines.insert(line);
    return lines;
}

TEST(WireReleases, BytesOfEveryReleaseAreReadAsTheyWereMeant) {
    const char* folder = std::getenv("QUORATE_GOLDEN");
    if (folder == nullptr) GTEST_SKIP() << "QUORATE_GOLDEN is not set";
    const std::string path = std::string(folder) + "/wire_bytes.txt";
    std::set<std::string> known = read_lines(path);
    if (std::getenv("QUORATE_REWRITE") != nullptr)
        for (const std::string& line : lines_of_today())
            if (known.insert(line).second) std::ofstream(path, std::ios::app) << line << "\n";

    EXPECT_GE(known.size(), 40U);
    for (const std::string& line : known) {
        const std::string kind = line.substr(0, line.find(' '));
        const std::string bytes = bytes_of(line.substr(kind.size() + 1));
        EXPECT_EQ(hex(again(kind, bytes)), hex(bytes)) << kind;
    }
}

// What is new since the last line was written must be written down before it is released.
TEST(WireReleases, WhatIsWrittenTodayIsAmongThem) {
    const char* folder = std::getenv("QUORATE_GOLDEN");
    if (folder == nullptr) GTEST_SKIP() << "QUORATE_GOLDEN is not set";
    const std::set<std::string> known = read_lines(std::string(folder) + "/wire_bytes.txt");
    for (const std::string& line : lines_of_today())
        EXPECT_TRUE(known.contains(line)) << "QUORATE_REWRITE=1 appends: " << line;
}

}  // namespace
}  // namespace quorate
