// Any value of any struct of the core, for properties. Structs are filled by their own list of
// fields: a field that is added later is drawn without a word here, and a law that holds for all
// values notices a codec that forgot it.
#pragma once

#include <rapidcheck.h>

#include <boost/pfr/core.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/small_map.hpp"
#include "core/model/observation.hpp"
#include "core/model/rules.hpp"
#include "tests/support/enum_names.hpp"

namespace quorate::test {

enum class Texts { bytes, ascii };

// Draws inside rc::gen::exec or a property; every draw is one that rapidcheck can shrink.
class Drawer {
  public:
    explicit Drawer(Texts texts) : texts_(texts) {}

    template <class T>
    T draw() {
        T value{};
        fill(value);
        return value;
    }

  private:
    template <class T>
    void fill(T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            value = *rc::gen::arbitrary<bool>();
        } else if constexpr (std::is_integral_v<T>) {
            value = number<T>();
        } else if constexpr (std::is_enum_v<T>) {
            static const int count = static_cast<int>(enumerators<T>().size());
            value = static_cast<T>(*rc::gen::inRange(0, count));
        } else {
            boost::pfr::for_each_field(value, [this](auto& field) { fill(field); });
        }
    }

    // Small ones, and those at the edges of their type.
    template <class T>
    T number() {
        return *rc::gen::weightedOneOf<T>(
            {{6, rc::gen::arbitrary<T>()},
             {1, rc::gen::element(std::numeric_limits<T>::min(), std::numeric_limits<T>::max(),
                                  T{0}, T{1})}});
    }

    void fill(RuleId& value) { value = static_cast<RuleId>(number<std::uint16_t>()); }

    void fill(std::string& value) {
        const auto character =
            texts_ == Texts::ascii ? rc::gen::inRange<char>(' ', '~') : rc::gen::arbitrary<char>();
        value = *rc::gen::resize(12, rc::gen::container<std::string>(character));
    }

    // The number of an observation that this release does not know.
    void fill(UnknownObservation& value) {
        value.tag = *rc::gen::inRange<std::uint32_t>(1000, 1U << 28);
        fill(value.bytes);
    }

    template <class T>
    void fill(std::optional<T>& value) {
        value.reset();
        if (*rc::gen::arbitrary<bool>()) fill(value.emplace());
    }

    template <class T>
    void fill(std::vector<T>& values) {
        values.resize(few());
        for (T& each : values)
            fill(each);
    }

    template <class Key, class Value>
    void fill(SmallMap<Key, Value>& values) {
        for (std::size_t left = few(); left > 0; --left)
            fill(values[draw<Key>()]);
    }

    template <class... Ts>
    void fill(std::variant<Ts...>& value) {
        const auto which = *rc::gen::inRange<std::size_t>(0, sizeof...(Ts));
        std::size_t at = 0;
        ((at++ == which ? fill(value.template emplace<Ts>()) : void()), ...);
    }

    std::size_t few() { return *rc::gen::inRange<std::size_t>(0, 4); }

    Texts texts_;
};

template <class T>
rc::Gen<T> any(Texts texts = Texts::bytes) {
    return rc::gen::exec([texts] { return Drawer{texts}.draw<T>(); });
}

}  // namespace quorate::test
