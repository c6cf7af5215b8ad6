// Reads the fields of one protobuf message out of bytes that may be damaged: every length is
// checked, and what does not parse ends the reading with `malformed()`. Enough for the five small
// messages in etcd's WAL and .snap files; generated code would bring a library for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "adapters/disk/bytes.hpp"

namespace quorate::disk {

struct ProtoField {
    std::uint64_t number = 0;
    std::uint64_t value = 0;  // of a varint or fixed field
    std::string_view bytes;   // of a length-delimited field
};

class ProtoReader {
  public:
    explicit ProtoReader(std::string_view message) : rest_(message) {}

    // False at the end of the message, and where it is malformed.
    bool next(ProtoField& field) {
        if (malformed_ || rest_.empty()) return false;
        malformed_ = !read_field(field);
        return !malformed_;
    }

    bool malformed() const { return malformed_; }

  private:
    enum WireType : std::uint64_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

    bool read_field(ProtoField& field) {
        std::uint64_t tag = 0;
        if (!read_varint(tag)) return false;
        field = ProtoField{.number = tag >> 3, .value = 0, .bytes = {}};
        if (field.number == 0) return false;
        switch (tag & 7) {
            case varint:
                return read_varint(field.value);
            case fixed64:
                return read_fixed(field.value, 8);
            case fixed32:
                return read_fixed(field.value, 4);
            case delimited:
                return read_delimited(field.bytes);
            default:
                return false;
        }
    }

    bool read_varint(std::uint64_t& value) {
        value = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const std::uint64_t byte = byte_of(rest_.front());
            rest_.remove_prefix(1);
            value |= (byte & 0x7F) << shift;
            if (byte < 0x80) return true;
        }
        return false;
    }

    bool read_fixed(std::uint64_t& value, std::size_t size) {
        if (rest_.size() < size) return false;
        value = load_le(rest_, size);
        rest_.remove_prefix(size);
        return true;
    }

    bool read_delimited(std::string_view& bytes) {
        std::uint64_t size = 0;
        if (!read_varint(size) || size > rest_.size()) return false;
        bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

    std::string_view rest_;
    bool malformed_ = false;
};

}  // namespace quorate::disk
