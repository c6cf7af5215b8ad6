// A journal record as bytes. Each record carries its sequence number and the chain value of the
// record before it, so that a reader sees not only a damaged record but also one that is missing,
// out of place or from another journal. The content (payload) is opaque here.
//
//   offset  size  field            (all numbers little endian)
//        0     2  magic "QJ"
//        2     1  format version
//        3     1  zero
//        4     4  CRC-32C of every other byte of the frame
//        8     4  length of the payload
//       12     8  sequence number
//       20     8  chain value of the record before; kChainStart for the first
//       28     .  payload
//
// Magic, version, checksum and length keep their places in every later version: a checksum that
// holds under an unknown version says "newer", one that does not says "damaged".
//
// The chain value guards against accidents, not against a forger: it is a fast 64-bit hash.
// Pure: no I/O; a fault is a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/ids.hpp"

namespace quorate::wire {

using ChainValue = Strong<struct ChainValueTag, std::uint64_t>;

inline constexpr ChainValue kChainStart{0};
inline constexpr std::uint8_t kFrameVersion = 1;
inline constexpr std::size_t kFrameHeaderSize = 28;

// A record holds one event with its decision, or several grouped under load: kilobytes. A longer
// length is a damaged one; a reader must not wait for it or allocate it.
inline constexpr std::size_t kFramePayloadMax = std::size_t{16} << 20;

// The hash over (previous, seq, payload). For a given seq and payload it is one-to-one in
// `previous`, and payloads of equal length that differ within one aligned 8-byte word differ.
ChainValue chain_value(ChainValue previous, EventSeq seq, std::string_view payload);

// The payload must not be longer than kFramePayloadMax.
std::string frame(EventSeq seq, ChainValue previous, std::string_view payload);

struct Unframed {
    EventSeq seq;
    ChainValue previous;
    ChainValue chain;          // of this record: the `previous` of the next one
    std::string_view payload;  // points into the bytes that were given
    bool operator==(const Unframed&) const = default;
};

enum class FrameFault {
    torn,      // ends before its header says
    checksum,  // its bytes are not those that were written
    version,   // whole, but in a format this binary does not know
    sequence,  // whole, but not the next one: one is missing, doubled or out of place
    chain,     // the right number, but not the successor of the record before: foreign
};

std::string_view name_of(FrameFault fault);

struct FrameError {
    FrameFault fault = FrameFault::torn;
    std::optional<EventSeq> seq;  // the record that was due, where the reader knows it
    std::string what;
    bool operator==(const FrameError&) const = default;
};

// How many bytes the frame at the front of `bytes` takes; nothing when that cannot be told (fewer
// bytes than a header, wrong magic, impossible length). For streams of frames.
std::optional<std::size_t> frame_size(std::string_view bytes);

// `bytes` is exactly one frame.
std::variant<Unframed, FrameError> unframe(std::string_view bytes);

// Takes consecutive framed records and stops for good at the first that is not the successor of
// the one before.
class ChainReader {
  public:
    ChainReader() = default;  // the first record is taken as it is
    ChainReader(EventSeq last, ChainValue chain) : last_(Link{last, chain}) {}

    std::optional<EventSeq> last() const;
    std::optional<ChainValue> chain() const;
    const std::optional<FrameError>& error() const { return error_; }

    std::variant<Unframed, FrameError> next(std::string_view framed);

  private:
    struct Link {
        EventSeq seq;
        ChainValue chain;
    };

    FrameError stop(FrameError error);

    std::optional<Link> last_;
    std::optional<FrameError> error_;
};

}  // namespace quorate::wire
