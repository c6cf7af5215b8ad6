// The names of an enum's values, from the compiler: tests compare them with the wire and draw from
// all of them, without lists that would have to be kept.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace quorate::test {

// "formed"; empty when no enumerator has this number.
template <class Enum, Enum value>
constexpr std::string_view enumerator() {
    std::string_view name = __PRETTY_FUNCTION__;
    name.remove_prefix(name.find("value = ") + 8);
    name = name.substr(0, name.find_first_of(";]"));
    if (name.front() == '(') return {};  // "(quorate::RecordStage)7"
    return name.substr(name.rfind(':') + 1);
}

// Of an enum that counts from 0, in order.
template <class Enum>
std::vector<std::string_view> enumerators() {
    std::vector<std::string_view> names;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const std::string_view all[] = {enumerator<Enum, static_cast<Enum>(I)>()...};
        for (const std::string_view name : all)
            if (!name.empty()) names.push_back(name);
    }
    (std::make_index_sequence<64>{});
    return names;
}

}  // namespace quorate::test
