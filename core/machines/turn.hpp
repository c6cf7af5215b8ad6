// What a machine answers to one signal, and its table as text. Free of Boost, so that everybody may
// read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/command.hpp"
#include "core/model/rules.hpp"

namespace quorate {

// Commands, and the machine's own data when the effect changes it.
template <class Data>
struct Effects {
    std::vector<CommandBody> commands;
    std::optional<Data> data;
};

template <class Phase, class E>
struct Turn {
    Phase phase;
    Verdict verdict = Verdict::no_row;
    std::optional<RuleId> rule;
    E effects;
};

// One row of a table in words.
struct RowText {
    RuleId id;
    std::string from;
    std::string signal;
    std::string to;
    std::string effect;
    std::string guard;
};

// "quorate::signal::caught_up" -> "caught_up", at compile time and without RTTI.
template <class T>
constexpr std::string_view type_name() {
    constexpr std::string_view whole = __PRETTY_FUNCTION__;
    constexpr std::size_t begin = whole.find("T = ") + 4;
    constexpr std::size_t end = whole.find_first_of(";]", begin);
    return whole.substr(begin, end - begin);
}
template <class T>
std::string type_word() {
    constexpr std::string_view name = type_name<T>();
    constexpr std::size_t colon = name.rfind(':');
    return std::string(colon == std::string_view::npos ? name : name.substr(colon + 1));
}

}  // namespace quorate
