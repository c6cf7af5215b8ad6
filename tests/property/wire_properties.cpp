// The laws of core/wire: what is encoded is decoded to the same, whatever it is; what cannot be
// read never harms; and the digest sees every field.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "core/wire/command.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "core/wire/record.hpp"
#include "core/wire/state.hpp"
#include "tests/support/generators.hpp"

using namespace quorate;
using quorate::test::any;
using quorate::test::Texts;

namespace {

// What is read at all was read to its last bit: it is written as the same bytes.
template <class T>
void is_whole(const std::string& bytes,
              std::variant<T, wire::WireError> (*decode)(std::string_view),
              std::string (*encode)(const T&)) {
    const auto decoded = decode(bytes);
    if (const T* value = std::get_if<T>(&decoded))
        RC_ASSERT(encode(*value) == bytes);
    else
        RC_ASSERT(!std::get<wire::WireError>(decoded).what.empty());
}

void every_decoder_stands(const std::string& bytes) {
    is_whole<Event>(bytes, wire::decode_event, wire::encode);
    is_whole<Command>(bytes, wire::decode_command, wire::encode);
    is_whole<Decision>(bytes, wire::decode_decision, wire::encode);
    is_whole<State>(bytes, wire::decode_state, wire::encode);
    is_whole<wire::JournalEntry>(bytes, wire::decode_entry, wire::encode_entry);
    std::string why;
    const bool read = wire::from_json(bytes, why).has_value();
    RC_ASSERT(read == why.empty());
}

std::string damaged(std::string bytes) {
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes && !bytes.empty(); ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
        bytes[at] = *rc::gen::arbitrary<char>();
    }
    if (*rc::gen::arbitrary<bool>())
        bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    return bytes;
}

// Changes the n-th value of a struct, counted over everything in it; all that is needed to say
// "one field is different".
class Change {
  public:
    explicit Change(std::size_t at) : left_(at) {}

    // How many values there are to change.
    template <class T>
    static std::size_t count(T value) {
        Change none(SIZE_MAX);
        none.walk(value);
        return SIZE_MAX - none.left_;
    }

    template <class T>
    void walk(T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            if (here()) value = !value;
        } else if constexpr (std::is_enum_v<T>) {
            if (here()) value = static_cast<T>(static_cast<int>(value) == 0 ? 1 : 0);
        } else if constexpr (std::is_integral_v<T>) {
            if (here()) value = static_cast<T>(value ^ (T{1} << *rc::gen::inRange<int>(0, 31)));
        } else {
            boost::pfr::for_each_field(value, [this](auto& field) { walk(field); });
        }
    }
    void walk(std::string& value) {
        if (here()) value += *rc::gen::arbitrary<char>();
    }
    template <class T>
    void walk(std::optional<T>& value) {
        if (value) walk(*value);
        if (!here()) return;
        if (value)
            value.reset();
        else
            value.emplace();
    }
    template <class T>
    void walk(std::vector<T>& values) {
        for (T& each : values)
            walk(each);
        if (here()) values.emplace_back();
    }
    template <class Key, class Value>
    void walk(SmallMap<Key, Value>& values) {
        for (auto& [key, value] : values)
            walk(value);
        if (!values.empty() && here()) values.erase(values.begin()->first);
    }
    template <class... Ts>
    void walk(std::variant<Ts...>& value) {
        std::visit([this](auto& held) { walk(held); }, value);
        if (!here()) return;
        if (value.index() == 0)
            value.template emplace<1>();
        else
            value.template emplace<0>();
    }

  private:
    bool here() { return left_-- == 0; }

    std::size_t left_;
};

}  // namespace

RC_GTEST_PROP(WireProperties, AnEventComesBackAsItWas, ()) {
    const auto event = *any<Event>();
    RC_ASSERT(std::get<Event>(wire::decode_event(wire::encode(event))) == event);
}

RC_GTEST_PROP(WireProperties, ACommandComesBackAsItWas, ()) {
    const auto command = *any<Command>();
    RC_ASSERT(std::get<Command>(wire::decode_command(wire::encode(command))) == command);
}

RC_GTEST_PROP(WireProperties, ADecisionComesBackAsItWas, ()) {
    const auto decision = *any<Decision>();
    RC_ASSERT(std::get<Decision>(wire::decode_decision(wire::encode(decision))) == decision);
}

RC_GTEST_PROP(WireProperties, AStateComesBackAsItWasWithItsDigest, ()) {
    const auto state = *any<State>();
    const auto again = std::get<State>(wire::decode_state(wire::encode(state)));
    RC_ASSERT(again == state);
    RC_ASSERT(wire::encode(again) == wire::encode(state));
    RC_ASSERT(wire::digest(again) == wire::digest(state));
}

RC_GTEST_PROP(WireProperties, AnEntryComesBackAsItWas, ()) {
    const auto entry = *any<wire::JournalEntry>();
    RC_ASSERT(std::get<wire::JournalEntry>(wire::decode_entry(wire::encode_entry(entry))) == entry);
}

RC_GTEST_PROP(WireProperties, ARecordComesBackFromJson, ()) {
    const auto record = *any<ClusterRecord>(Texts::ascii);
    std::string why;
    const auto again = wire::from_json(wire::to_json(record), why);
    RC_ASSERT(why == "");
    RC_ASSERT(again == record);
}

RC_GTEST_PROP(WireProperties, ARecordWithAnyTextIsWritten, ()) {
    const auto record = *any<ClusterRecord>();
    std::string why;
    RC_ASSERT(wire::from_json(wire::to_json(record), why).has_value());
}

RC_GTEST_PROP(WireProperties, AnyBytesAreReadOrRefused, ()) {
    every_decoder_stands(*rc::gen::arbitrary<std::string>());
}

RC_GTEST_PROP(WireProperties, DamagedBytesAreReadOrRefused, ()) {
    every_decoder_stands(damaged(wire::encode(*any<Event>())));
    every_decoder_stands(damaged(wire::encode(*any<Decision>())));
    every_decoder_stands(damaged(wire::encode(*any<State>())));
    every_decoder_stands(damaged(wire::to_json(*any<ClusterRecord>())));
}

RC_GTEST_PROP(WireProperties, OneChangedFieldChangesTheDigest, ()) {
    const auto state = *any<State>();
    State other = state;
    Change(*rc::gen::inRange<std::size_t>(0, Change::count(state))).walk(other);
    RC_ASSERT(other != state);
    RC_ASSERT(wire::digest(other) != wire::digest(state));
}
