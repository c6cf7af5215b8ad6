#include "core/wire/frame.hpp"

#include <bit>
#include <cstring>

#include "core/base/check.hpp"
#include "core/wire/crc32c.hpp"

namespace quorate::wire {
namespace {

constexpr char kMagic[2] = {'Q', 'J'};
constexpr std::size_t kVersionAt = 2;
constexpr std::size_t kChecksumAt = 4;
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kSeqAt = 12;
constexpr std::size_t kPreviousAt = 20;

// Mixed in before `previous`, lest small values of `previous` and `seq` cancel each other.
constexpr std::uint64_t kChainSeed = 0x5175'6f72'6174'6531U;

template <class Number>
Number load(std::string_view bytes, std::size_t at) {
    if constexpr (std::endian::native == std::endian::little) {
        Number number = 0;
        std::memcpy(&number, bytes.data() + at, sizeof number);
        return number;
    } else {
        Number number = 0;
        for (std::size_t i = sizeof number; i-- > 0;)
            number = (number << 8) | static_cast<unsigned char>(bytes[at + i]);
        return number;
    }
}

template <class Number>
void store(std::string& bytes, std::size_t at, Number number) {
    for (std::size_t i = 0; i < sizeof number; ++i)
        bytes[at + i] = static_cast<char>((number >> (8 * i)) & 0xffU);
}

// One-to-one in `hash` for a given word and in `word` for a given hash: xor, multiplication by an
// odd number and xor-shift can each be undone. So a difference in one word never disappears.
constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ (hash >> 32);
}

constexpr std::uint64_t finish(std::uint64_t hash) {
    hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 32)) * 0x94d049bb133111ebU;
    return hash ^ (hash >> 31);
}

// The last 0 to 7 bytes; zeros above them are told apart by the length, which is mixed in.
std::uint64_t tail_word(std::string_view tail) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < tail.size(); ++i)
        word |= std::uint64_t{static_cast<unsigned char>(tail[i])} << (8 * i);
    return word;
}

std::uint32_t checksum(std::string_view frame) {
    return crc32c(frame.substr(kChecksumAt + 4), crc32c(frame.substr(0, kChecksumAt)));
}

FrameError fault_of(FrameFault fault, std::string what) {
    return FrameError{fault, std::nullopt, std::move(what)};
}

FrameError torn(std::size_t has, std::size_t needs) {
    return fault_of(FrameFault::torn, "record ends after " + std::to_string(has) + " of " +
                                          std::to_string(needs) + " bytes");
}

}  // namespace

ChainValue chain_value(ChainValue previous, EventSeq seq, std::string_view payload) {
    std::uint64_t hash = mix(mix(mix(kChainSeed, previous.value), seq.value), payload.size());
    while (payload.size() >= 8) {
        hash = mix(hash, load<std::uint64_t>(payload, 0));
        payload.remove_prefix(8);
    }
    return ChainValue{finish(mix(hash, tail_word(payload)))};
}

std::string frame(EventSeq seq, ChainValue previous, std::string_view payload) {
    QUORATE_REQUIRE(payload.size() <= kFramePayloadMax);
    std::string bytes;
    bytes.reserve(kFrameHeaderSize + payload.size());
    bytes.assign(kFrameHeaderSize, '\0');
    bytes[0] = kMagic[0];
    bytes[1] = kMagic[1];
    bytes[kVersionAt] = static_cast<char>(kFrameVersion);
    store(bytes, kLengthAt, static_cast<std::uint32_t>(payload.size()));
    store(bytes, kSeqAt, seq.value);
    store(bytes, kPreviousAt, previous.value);
    bytes.append(payload);
    store(bytes, kChecksumAt, checksum(bytes));
    return bytes;
}

std::string_view name_of(FrameFault fault) {
    switch (fault) {
        case FrameFault::torn:
            return "torn";
        case FrameFault::checksum:
            return "checksum";
        case FrameFault::version:
            return "version";
        case FrameFault::sequence:
            return "sequence";
        case FrameFault::chain:
            return "chain";
    }
    return "";
}

std::optional<std::size_t> frame_size(std::string_view bytes) {
    if (bytes.size() < kFrameHeaderSize) return std::nullopt;
    if (bytes[0] != kMagic[0] || bytes[1] != kMagic[1]) return std::nullopt;
    const std::size_t length = load<std::uint32_t>(bytes, kLengthAt);
    if (length > kFramePayloadMax) return std::nullopt;
    return kFrameHeaderSize + length;
}

std::variant<Unframed, FrameError> unframe(std::string_view bytes) {
    if (bytes.size() < kFrameHeaderSize) return torn(bytes.size(), kFrameHeaderSize);
    const auto size = frame_size(bytes);
    if (!size) return fault_of(FrameFault::checksum, "record does not start with a header");
    if (bytes.size() < *size) return torn(bytes.size(), *size);
    if (bytes.size() > *size)
        return fault_of(FrameFault::checksum, "record is longer than its header says");
    if (checksum(bytes) != load<std::uint32_t>(bytes, kChecksumAt))
        return fault_of(FrameFault::checksum,
                        "the checksum of the record does not match its bytes");

    const auto version = static_cast<std::uint8_t>(bytes[kVersionAt]);
    if (version != kFrameVersion)
        return fault_of(FrameFault::version, "record has format version " +
                                                 std::to_string(version) + ", this binary knows " +
                                                 std::to_string(kFrameVersion));

    const EventSeq seq{load<std::uint64_t>(bytes, kSeqAt)};
    const ChainValue previous{load<std::uint64_t>(bytes, kPreviousAt)};
    const std::string_view payload = bytes.substr(kFrameHeaderSize);
    return Unframed{seq, previous, chain_value(previous, seq, payload), payload};
}

std::optional<EventSeq> ChainReader::last() const {
    return last_ ? std::optional{last_->seq} : std::nullopt;
}

std::optional<ChainValue> ChainReader::chain() const {
    return last_ ? std::optional{last_->chain} : std::nullopt;
}

std::variant<Unframed, FrameError> ChainReader::next(std::string_view framed) {
    if (error_) return *error_;
    const auto result = unframe(framed);
    if (const auto* fault = std::get_if<FrameError>(&result)) return stop(*fault);

    const auto& record = std::get<Unframed>(result);
    if (last_ && record.seq.value != last_->seq.value + 1)
        return stop(fault_of(FrameFault::sequence,
                             "found record " + std::to_string(record.seq.value) + " after record " +
                                 std::to_string(last_->seq.value)));
    if (last_ && record.previous != last_->chain)
        return stop(fault_of(FrameFault::chain, "record " + std::to_string(record.seq.value) +
                                                    " does not continue the chain of record " +
                                                    std::to_string(last_->seq.value)));
    last_ = Link{record.seq, record.chain};
    return record;
}

// The record that was due is the place of the fault, whatever the bytes found there say.
FrameError ChainReader::stop(FrameError error) {
    if (last_) error.seq = EventSeq{last_->seq.value + 1};
    error_ = std::move(error);
    return *error_;
}

}  // namespace quorate::wire
