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
#include "tests/property/ripe.hpp"
#include "tests/support/generators.hpp"

using namespace quorate;
using quorate::test::any;
using quorate::test::below;
using quorate::test::classify;
using quorate::test::coin;
using quorate::test::Texts;

namespace {

// True when it is read at all; then it was read to its last bit: it is written as the same bytes.
template <class T>
bool is_whole(const std::string& bytes,
              std::variant<T, wire::WireError> (*decode)(std::string_view),
              std::string (*encode)(const T&)) {
    const auto decoded = decode(bytes);
    const T* value = std::get_if<T>(&decoded);
    if (value != nullptr)
        RC_ASSERT(encode(*value) == bytes);
    else
        RC_ASSERT(!std::get<wire::WireError>(decoded).what.empty());
    return value != nullptr;
}

bool every_decoder_stands(const std::string& bytes) {
    bool read = is_whole<Event>(bytes, wire::decode_event, wire::encode);
    read |= is_whole<Command>(bytes, wire::decode_command, wire::encode);
    read |= is_whole<Decision>(bytes, wire::decode_decision, wire::encode);
    read |= is_whole<State>(bytes, wire::decode_state, wire::encode);
    read |= is_whole<wire::JournalEntry>(bytes, wire::decode_entry, wire::encode_entry);
    std::string why;
    const bool record = wire::from_json(bytes, why).has_value();
    RC_ASSERT(record == why.empty());
    return read || record;
}

std::string damaged(std::string bytes) {
    const auto size = [&] { return static_cast<std::uint32_t>(bytes.size()); };
    for (std::uint32_t left = 1 + below(3); left > 0 && !bytes.empty(); --left)
        bytes[below(size())] = static_cast<char>(below(256));
    if (coin()) bytes.resize(below(size() + 1));
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
            if (here()) value = static_cast<T>(value ^ (T{1} << below(31)));
        } else {
            boost::pfr::for_each_field(value, [this](auto& field) { walk(field); });
        }
    }
    void walk(std::string& value) {
        if (here()) value += static_cast<char>(below(256));
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
    RC_TAG(std::string(name_of(event.observation)));
    RC_ASSERT(std::get<Event>(wire::decode_event(wire::encode(event))) == event);
}

RC_GTEST_PROP(WireProperties, ACommandComesBackAsItWas, ()) {
    const auto command = *any<Command>();
    RC_TAG(std::string(name_of(command.body)));
    RC_ASSERT(std::get<Command>(wire::decode_command(wire::encode(command))) == command);
}

RC_GTEST_PROP(WireProperties, ADecisionComesBackAsItWas, ()) {
    const auto decision = *any<Decision>();
    classify(decision.hits.empty() && decision.commands.empty(), "empty");
    classify(decision.commands.size() > 1, "more than one command");
    RC_ASSERT(std::get<Decision>(wire::decode_decision(wire::encode(decision))) == decision);
}

void classify_drawn(const State& state) {
    classify(state.facts.record.has_value(), "with a record");
    classify(!state.in_flight.empty(), "with commands in flight");
    classify(!state.members.empty(), "with members");
}

RC_GTEST_PROP(WireProperties, AStateComesBackAsItWasWithItsDigest, ()) {
    const auto state = *any<State>();
    classify_drawn(state);
    const auto again = std::get<State>(wire::decode_state(wire::encode(state)));
    RC_ASSERT(again == state);
    RC_ASSERT(wire::encode(again) == wire::encode(state));
    RC_ASSERT(wire::digest(again) == wire::digest(state));
}

RC_GTEST_PROP(WireProperties, AnEntryComesBackAsItWas, ()) {
    const auto entry = *any<wire::JournalEntry>();
    classify(entry.event.empty(), "without an event");
    classify(entry.digest != 0, "with a digest");
    RC_ASSERT(std::get<wire::JournalEntry>(wire::decode_entry(wire::encode_entry(entry))) == entry);
}

RC_GTEST_PROP(WireProperties, ARecordComesBackFromJson, ()) {
    const auto record = *any<ClusterRecord>(Texts::ascii);
    classify(record.replicas.empty(), "of no replica");
    classify(record.rebuild.has_value(), "with a rebuild");
    std::string why;
    const auto again = wire::from_json(wire::to_json(record), why);
    RC_ASSERT(why == "");
    RC_ASSERT(again == record);
}

RC_GTEST_PROP(WireProperties, ARecordWithAnyTextIsWritten, ()) {
    const auto record = *any<ClusterRecord>();
    std::string why;
    const std::string text = wire::to_json(record);
    const auto again = wire::from_json(text, why);
    classify(again == record, "all of it is UTF-8");
    classify(again != record, "some of it is not");
    RC_ASSERT(again.has_value());
    RC_ASSERT(wire::to_json(*again) == text);
}

RC_GTEST_PROP(WireProperties, AnyBytesAreReadOrRefused, ()) {
    std::string bytes;
    for (const std::uint32_t number : test::numbers(40))
        bytes += static_cast<char>(number);
    const bool read = every_decoder_stands(bytes);
    classify(read, "read by some");
    classify(!read, "refused by all");
}

RC_GTEST_PROP(WireProperties, DamagedBytesAreReadOrRefused, ()) {
    static const char* kinds[] = {"an event", "a decision", "a state", "a record", "an entry"};
    const std::uint32_t kind = below(5);
    classify(true, kinds[kind]);
    bool read = false;
    if (kind == 0) read = every_decoder_stands(damaged(wire::encode(*any<Event>())));
    if (kind == 1) read = every_decoder_stands(damaged(wire::encode(*any<Decision>())));
    if (kind == 2) read = every_decoder_stands(damaged(wire::encode(test::one_of(test::ripe()))));
    if (kind == 3) read = every_decoder_stands(damaged(wire::to_json(*any<ClusterRecord>())));
    if (kind == 4)
        read = every_decoder_stands(damaged(wire::encode_entry(*any<wire::JournalEntry>())));
    classify(read, "read by some");
    classify(!read, "refused by all");
}

RC_GTEST_PROP(WireProperties, OneChangedFieldChangesTheDigest, ()) {
    const auto state = coin() ? *any<State>() : test::one_of(test::ripe());
    classify_drawn(state);
    State other = state;
    Change(below(static_cast<std::uint32_t>(Change::count(state)))).walk(other);
    RC_ASSERT(other != state);
    RC_ASSERT(wire::digest(other) != wire::digest(state));
}

// What may follow a state: the same one, one that differs a little, one that has nothing to do with
// it, or the very first.
State successor(const State& state) {
    State next = state;
    switch (below(4)) {
        case 0:
            return state;
        case 1:
            Change(below(static_cast<std::uint32_t>(Change::count(state)))).walk(next);
            return next;
        case 2:
            return coin() ? *any<State>() : test::one_of(test::ripe());
        default:
            return State{};
    }
}

// However the states follow one another, and however many of them wait together.
RC_GTEST_PROP(WireProperties, ADigestAmongOthersIsTheSame, ()) {
    wire::Digests some;
    std::vector<std::uint64_t> each;
    State state;
    for (std::uint32_t left = 1 + below(12); left > 0; --left) {
        state = successor(state);
        some.add(state);
        each.push_back(wire::digest(state));
        if (!some.full() && left > 1 && below(4) != 0) continue;
        const auto taken = some.take();
        RC_ASSERT(std::vector<std::uint64_t>(taken.begin(), taken.end()) == each);
        classify(each.size() == wire::Digests::most, "as many as can wait");
        classify(each.size() < wire::Digests::most, "fewer");
        each.clear();
    }
}
