// Between the domain and its messages, one overload a struct: `put` writes, `get` reads and says
// false when it met something that this release does not know. Inner header of core/wire: nobody
// else sees generated code.
#pragma once

#include <google/protobuf/arena.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/small_map.hpp"
#include "core/model/decision.hpp"
#include "core/model/state.hpp"
#include "core/wire/error.hpp"
#include "core/wire/frame.hpp"
#include "core/wire/quorate.pb.h"

namespace quorate::wire {

// ---- values (values.cpp)

void put(const LogPosition& from, pb::LogPosition* to);
void put(const Version& from, pb::Version* to);
void put(const ChildExit& from, pb::ChildExit* to);
void put(const VolumeIdentity& from, pb::VolumeIdentity* to);
void put(const StoredMember& from, pb::StoredMember* to);
void put(const MembershipStores& from, pb::MembershipStores* to);
void put(const DiskReport& from, pb::DiskReport* to);
void put(const ListedMember& from, pb::ListedMember* to);
void put(const MemberList& from, pb::MemberList* to);
void put(const MemberStatus& from, pb::MemberStatus* to);
void put(const ContentHash& from, pb::ContentHash* to);
void put(const ContentCompared& from, pb::ContentCompared* to);
void put(const Policy& from, pb::Policy* to);
void put(const Remembered& from, pb::Remembered* to);
void put(const ContentFound& from, pb::ContentFound* to);
void put(const PeerReport& from, pb::PeerReport* to);
void put(const ReplicaAddress& from, pb::ReplicaAddress* to);
void put(const Settings& from, pb::Settings* to);
void put(const Desired& from, pb::Desired* to);

bool get(const pb::LogPosition& from, LogPosition& to);
bool get(const pb::Version& from, Version& to);
bool get(const pb::ChildExit& from, ChildExit& to);
bool get(const pb::VolumeIdentity& from, VolumeIdentity& to);
bool get(const pb::StoredMember& from, StoredMember& to);
bool get(const pb::MembershipStores& from, MembershipStores& to);
bool get(const pb::DiskReport& from, DiskReport& to);
bool get(const pb::ListedMember& from, ListedMember& to);
bool get(const pb::MemberList& from, MemberList& to);
bool get(const pb::MemberStatus& from, MemberStatus& to);
bool get(const pb::ContentHash& from, ContentHash& to);
bool get(const pb::ContentCompared& from, ContentCompared& to);
bool get(const pb::Policy& from, Policy& to);
bool get(const pb::Remembered& from, Remembered& to);
bool get(const pb::ContentFound& from, ContentFound& to);
bool get(const pb::PeerReport& from, PeerReport& to);
bool get(const pb::ReplicaAddress& from, ReplicaAddress& to);
bool get(const pb::Settings& from, Settings& to);
bool get(const pb::Desired& from, Desired& to);

// ---- the cluster record (record.cpp), event (event.cpp), command and decision (decision.cpp)

void put(const Event& from, pb::Event* to);
void put(const Decision& from, pb::Decision* to);
void put(const State& from, pb::State* to);
void put(const ClusterRecord& from, pb::ClusterRecord* to);
bool get(const pb::ClusterRecord& from, ClusterRecord& to);
void put(const Command& from, pb::Command* to);
bool get(const pb::Command& from, Command& to);
bool get(const pb::Decision& from, Decision& to);
bool get(const pb::State& from, State& to);

// ---- the parts of all of them

// An enum's number on the wire is its number in the core plus one; 0 is "not said". A test compares
// the names on both sides, so that nothing can be inserted in the middle.
template <class Message, class Enum>
typename Message::Value wire_value(Enum value) {
    return static_cast<typename Message::Value>(static_cast<int>(value) + 1);
}
template <class Message, class Enum>
bool get_value(typename Message::Value from, Enum& to) {
    const int number = static_cast<int>(from);
    if (number == 0 || !Message::Value_IsValid(number)) return false;
    to = static_cast<Enum>(number - 1);
    return true;
}

template <class T, class Message>
void put_all(const std::vector<T>& from, google::protobuf::RepeatedPtrField<Message>* to) {
    to->Reserve(static_cast<int>(from.size()));
    for (const T& each : from)
        put(each, to->Add());
}
template <class T, class Message>
bool get_all(const google::protobuf::RepeatedPtrField<Message>& from, std::vector<T>& to) {
    to.clear();
    to.reserve(static_cast<std::size_t>(from.size()));
    for (const Message& each : from)
        if (!get(each, to.emplace_back())) return false;
    return true;
}

inline void put_texts(const std::vector<std::string>& from,
                      google::protobuf::RepeatedPtrField<std::string>* to) {
    for (const std::string& each : from)
        to->Add(std::string(each));
}
inline void put_ordinals(const std::vector<Ordinal>& from,
                         google::protobuf::RepeatedField<std::uint32_t>* to) {
    for (const Ordinal each : from)
        to->Add(each.value);
}
inline bool get_ordinals(const google::protobuf::RepeatedField<std::uint32_t>& from,
                         std::vector<Ordinal>& to) {
    to.clear();
    for (const std::uint32_t each : from)
        to.push_back(Ordinal{each});
    return true;
}

// A key that comes twice is damage: the second value would hide the first.
template <class Key, class Value, class Message>
bool get_entry(Key key, const Message& from, SmallMap<Key, Value>& to) {
    return !to.contains(key) && get(from, to[key]);
}

template <class T, class Message>
bool get_optional(bool has, const Message& from, std::optional<T>& to) {
    if (!has) return true;
    return get(from, to.emplace());
}

// Memory for messages and all below them: on the stack as far as it reaches.
class Scratch {
  public:
    Scratch() : arena_(options(block_)) {}

    template <class Message>
    Message* make() {
        return google::protobuf::Arena::CreateMessage<Message>(&arena_);
    }
    std::uint8_t* make_bytes(std::size_t count) {
        return google::protobuf::Arena::CreateArray<std::uint8_t>(&arena_, count);
    }

  private:
    static constexpr std::size_t kBlock = 8192;  // the state of three replicas takes about 6 KB

    static google::protobuf::ArenaOptions options(char (&block)[kBlock]) {
        google::protobuf::ArenaOptions all;
        all.initial_block = block;
        all.initial_block_size = kBlock;
        return all;
    }

    alignas(std::max_align_t) char block_[kBlock];
    google::protobuf::Arena arena_;
};

// No message has a map, whose order would be anybody's.
template <class Message, class T>
std::string encode_as(const T& value) {
    Scratch scratch;
    auto* message = scratch.make<Message>();
    put(value, message);
    std::string bytes(message->ByteSizeLong(), '\0');
    message->SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
    return bytes;
}

// The longest thing written is the payload of a frame.
template <class Message>
bool parse(std::string_view bytes, Message* message) {
    return bytes.size() <= kFramePayloadMax &&
           message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

inline std::string not_known(std::string_view name) {
    return "the " + std::string(name) + " holds something that this release does not know";
}

// Only what encodes to the same bytes again was fully understood: a field that a newer release
// appended would else be dropped without a word.
template <class Message, class T>
bool is_all_of(const T& value, std::string_view bytes, Scratch& scratch) {
    auto* message = scratch.make<Message>();
    put(value, message);
    if (message->ByteSizeLong() != bytes.size()) return false;
    std::uint8_t* again = scratch.make_bytes(bytes.size());
    message->SerializeWithCachedSizesToArray(again);
    return std::string_view(reinterpret_cast<const char*>(again), bytes.size()) == bytes;
}

template <class Message, class T>
std::variant<T, WireError> decode_as(std::string_view bytes, std::string_view name) {
    Scratch scratch;
    auto* message = scratch.make<Message>();
    if (!parse(bytes, message)) return WireError{"these bytes are no " + std::string(name)};
    T value;
    if (!get(*message, value) || !is_all_of<Message>(value, bytes, scratch))
        return WireError{not_known(name)};
    return value;
}

}  // namespace quorate::wire
