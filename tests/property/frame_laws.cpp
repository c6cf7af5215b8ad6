// Laws of journal frames, and of messages that an older release wrote.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "core/wire/event.hpp"
#include "core/wire/frame.hpp"
#include "core/wire/quorate.pb.h"
#include "core/wire/state.hpp"
#include "tests/property/ripe.hpp"

namespace quorate {
namespace {

using test::below;
using test::classify;

std::string any_payload() {
    std::string payload;
    for (const std::uint32_t number : test::numbers(30))
        payload += static_cast<char>(number);
    return payload;
}

struct Stream {
    std::vector<std::string> payloads;
    std::vector<std::string> frames;
};

Stream any_stream() {
    Stream stream;
    wire::ChainValue chain = wire::kChainStart;
    const std::uint32_t count = 1 + below(5);
    for (std::uint32_t i = 0; i < count; ++i) {
        stream.payloads.push_back(any_payload());
        stream.frames.push_back(wire::frame(EventSeq{i + 1}, chain, stream.payloads.back()));
        chain = wire::chain_value(chain, EventSeq{i + 1}, stream.payloads.back());
    }
    return stream;
}

RC_GTEST_PROP(FrameLaw, WhatWasFramedIsReadInItsOrder, ()) {
    const Stream stream = any_stream();
    std::string bytes;
    for (const std::string& frame : stream.frames)
        bytes += frame;
    classify(stream.frames.size() > 1, "more than one");
    std::string_view rest = bytes;
    wire::ChainReader reader(EventSeq{}, wire::kChainStart);
    for (const std::string& payload : stream.payloads) {
        const auto size = wire::frame_size(rest);
        RC_ASSERT(size.has_value());
        const auto read = reader.next(rest.substr(0, *size));
        RC_ASSERT(std::get<wire::Unframed>(read).payload == payload);
        rest.remove_prefix(*size);
    }
    RC_ASSERT(rest.empty());
}

// Whatever happened to a stream of records, a reader takes an unaltered beginning of it and stops:
// nothing altered, doubled, left out or moved is ever taken.
RC_GTEST_PROP(FrameLaw, OfADamagedStreamOnlyItsSoundBeginningIsTaken, ()) {
    const Stream stream = any_stream();
    std::vector<std::string> frames = stream.frames;
    const std::uint32_t at = below(static_cast<std::uint32_t>(frames.size()));
    const auto place = frames.begin() + at;
    static const char* kinds[] = {"a flipped bit", "cut", "left out", "doubled", "moved"};
    const std::uint32_t kind = below(5);
    classify(true, kinds[kind]);
    if (kind == 0)
        (*place)[below(static_cast<std::uint32_t>(place->size()))] ^=
            static_cast<char>(1U << below(8));
    if (kind == 1) place->resize(below(static_cast<std::uint32_t>(place->size())));
    if (kind == 2) frames.erase(place);
    if (kind == 3) frames.insert(place, std::string(*place));
    if (kind == 4) std::swap(frames.front(), *place);
    wire::ChainReader reader(EventSeq{}, wire::kChainStart);
    std::size_t taken = 0;
    for (const std::string& frame : frames) {
        const auto read = reader.next(frame);
        if (!std::holds_alternative<wire::Unframed>(read)) continue;
        RC_ASSERT(taken < stream.payloads.size());
        RC_ASSERT(std::get<wire::Unframed>(read).payload == stream.payloads[taken]);
        ++taken;
    }
    classify(taken == 0, "nothing is taken");
    classify(taken > 0, "something is taken");
    const bool altered = frames != stream.frames;
    const std::size_t sound = kind == 4 ? 0 : kind == 3 ? at + 1 : at;
    RC_ASSERT(taken == (altered ? sound : stream.frames.size()));
}

// ---- upcasting: a field that an older release did not know

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Clears one field somewhere within a message that is there; false: there was none.
bool forget_one(Message* message) {
    const auto* reflection = message->GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(*message, &fields);
    if (fields.empty()) return false;
    const FieldDescriptor* field = test::one_of(fields);
    const bool within = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (within && !test::one_in(4)) {
        Message* inner = nullptr;
        if (!field->is_repeated()) {
            inner = reflection->MutableMessage(message, field);
        } else {
            const auto size = static_cast<std::uint32_t>(reflection->FieldSize(*message, field));
            inner =
                reflection->MutableRepeatedMessage(message, field, static_cast<int>(below(size)));
        }
        if (forget_one(inner)) return true;
    }
    // A kind or a message that is not there is not an older release's, but something else.
    if (field->containing_oneof() != nullptr || within) return false;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return false;
    reflection->ClearField(message, field);
    return true;
}

RC_GTEST_PROP(UpcastLaw, AStateWithoutAFieldIsReadAndWrittenAsItWas, ()) {
    wire::pb::State message;
    RC_ASSERT(message.ParseFromString(wire::encode(test::one_of(test::ripe()))));
    const bool forgotten = forget_one(&message);
    classify(forgotten, "a field less");
    const std::string bytes = message.SerializeAsString();
    const auto read = wire::decode_state(bytes);
    const auto* state = std::get_if<State>(&read);
    if (state == nullptr) RC_FAIL(std::get<wire::WireError>(read).what);
    RC_ASSERT(wire::encode(*state) == bytes);
}

RC_GTEST_PROP(UpcastLaw, AnEventWithoutAFieldIsReadAndWrittenAsItWas, ()) {
    const State& state = test::one_of(test::ripe());
    const Event event =
        test::Life(test::any_world()).next(state, static_cast<std::uint32_t>(test::word()));
    wire::pb::Event message;
    RC_ASSERT(message.ParseFromString(wire::encode(event)));
    classify(forget_one(&message), "a field less");
    const std::string bytes = message.SerializeAsString();
    const auto read = wire::decode_event(bytes);
    const auto* decoded = std::get_if<Event>(&read);
    if (decoded == nullptr) RC_FAIL(std::get<wire::WireError>(read).what);
    RC_TAG(std::string(name_of(decoded->observation)));
    RC_ASSERT(decoded->observation.index() == event.observation.index());
    RC_ASSERT(wire::encode(*decoded) == bytes);
}

}  // namespace
}  // namespace quorate
