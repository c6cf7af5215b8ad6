#include "core/wire/entry.hpp"

#include <google/protobuf/wire_format_lite.h>

#include "core/wire/convert.hpp"

namespace quorate::wire {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

// A journal is little else than these, so no message is made of one: its fields are few, stand in
// their order, and are absent when there is nothing to say.
class Fields {
  public:
    explicit Fields(std::string_view bytes)
        : bytes_(bytes),
          in_(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {
    }

    std::string_view text(int field) {
        if (!next_is(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED)) return {};
        std::uint32_t size = 0;
        if (!in_.ReadVarint32(&size)) return {};
        const auto at = static_cast<std::size_t>(in_.CurrentPosition());
        if (size > bytes_.size() - at || !in_.Skip(static_cast<int>(size))) return {};
        if (size > 0) written_ += 1 + CodedOutputStream::VarintSize32(size) + size;
        return bytes_.substr(at, size);
    }

    std::uint64_t number(int field) {
        std::uint64_t value = 0;
        if (next_is(field, WireFormatLite::WIRETYPE_FIXED64)) in_.ReadLittleEndian64(&value);
        if (value != 0) written_ += 1 + sizeof value;
        return value;
    }

    // Nothing is there besides what was read, and all of it as it would be written.
    bool are_all() const { return written_ == bytes_.size(); }

  private:
    bool next_is(int field, WireFormatLite::WireType type) {
        return in_.ExpectTag(WireFormatLite::MakeTag(field, type));
    }

    std::string_view bytes_;
    CodedInputStream in_;
    std::size_t written_ = 0;
};

WireError why_not(std::string_view bytes) {
    Scratch scratch;
    const bool is_one = parse(bytes, scratch.make<pb::JournalRecord>());
    return WireError{is_one ? not_known("journal entry") : "these bytes are no journal entry"};
}

}  // namespace

void put(const JournalEntry& from, pb::JournalRecord* to) {
    to->set_event(from.event);
    to->set_decision(from.decision);
    to->set_state_digest(from.digest);
}

std::string encode_entry(const JournalEntry& entry) { return encode_as<pb::JournalRecord>(entry); }

std::variant<JournalEntryView, WireError> view_entry(std::string_view bytes) {
    if (bytes.size() > kFramePayloadMax) return why_not(bytes);
    Fields fields(bytes);
    JournalEntryView view;
    view.event = fields.text(pb::JournalRecord::kEventFieldNumber);
    view.decision = fields.text(pb::JournalRecord::kDecisionFieldNumber);
    view.digest = fields.number(pb::JournalRecord::kStateDigestFieldNumber);
    if (!fields.are_all()) return why_not(bytes);
    return view;
}

std::variant<JournalEntry, WireError> decode_entry(std::string_view bytes) {
    const auto read = view_entry(bytes);
    if (const auto* error = std::get_if<WireError>(&read)) return *error;
    const auto& view = std::get<JournalEntryView>(read);
    return JournalEntry{std::string(view.event), std::string(view.decision), view.digest};
}

}  // namespace quorate::wire
