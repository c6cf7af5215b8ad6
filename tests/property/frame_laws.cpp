// Laws of journal frames.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "core/wire/frame.hpp"
#include "tests/property/law.hpp"

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

}  // namespace
}  // namespace quorate
