// What a reader of old and of future bytes relies on: numbers that never move, and nothing unknown
// that is taken for known.
#include <gtest/gtest.h>

#include <google/protobuf/descriptor.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "core/wire/command.hpp"
#include "core/wire/decision.hpp"
#include "core/wire/digest.hpp"
#include "core/wire/entry.hpp"
#include "core/wire/event.hpp"
#include "core/wire/record.hpp"
#include "core/wire/state.hpp"
#include "tests/support/enum_names.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

std::string Hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        constexpr char digits[] = "0123456789abcdef";
        text += digits[static_cast<unsigned char>(byte) >> 4];
        text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

// Field `number` of wire type 2, as protobuf writes it; lengths below 128.
std::string Field(std::uint32_t number, const std::string& bytes) {
    std::string text;
    for (std::uint32_t key = number << 3 | 2; key > 0; key >>= 7)
        text += static_cast<char>((key & 127) | (key > 127 ? 128 : 0));
    return text + static_cast<char>(bytes.size()) + bytes;
}

const std::string kHead = "\x08\x07\x10\x0a";  // seq 7, at 5 us

Event Read(const std::string& bytes) { return std::get<Event>(wire::decode_event(bytes)); }

UnknownObservation UnknownIn(const std::string& bytes) {
    return std::get<UnknownObservation>(Read(bytes).observation);
}

TEST(WireEvent, HasTheseBytes) {
    EXPECT_EQ(Hex(wire::encode(Event{EventSeq{7}, Instant{5}, TimerFired{}})), "0807100aba0100");
    EXPECT_EQ(
        Hex(wire::encode(Event{
            EventSeq{4711}, Instant{1'772'600'767'000'008},
            CommandEnded{CommandId{57}, Refused{Refusal::learner_not_ready, "x"}, Nothing{}}})),
        "08e7241090b7ddf0f88aa606d2010c08391a050807120178820100");
}

TEST(WireEvent, AnObservationOfTheFutureKeepsItsNumberAndBytes) {
    const std::string bytes = kHead + Field(99, "later");
    EXPECT_EQ(Read(bytes).seq, EventSeq{7});
    EXPECT_EQ(Read(bytes).at, Instant{5});
    EXPECT_EQ(UnknownIn(bytes), (UnknownObservation{99, "later"}));
    EXPECT_EQ(wire::encode(Read(bytes)), bytes);
}

TEST(WireEvent, AnEnumValueOfTheFutureIsUnknown) {
    const std::string desired = Field(1, "\x10\x63");  // policy 99
    EXPECT_EQ(UnknownIn(kHead + Field(17, desired)), (UnknownObservation{17, desired}));
    EXPECT_EQ(wire::encode(Read(kHead + Field(17, desired))), kHead + Field(17, desired));
}

TEST(WireEvent, AnEnumThatIsNotSaidIsUnknown) {
    EXPECT_EQ(UnknownIn(kHead + Field(17, Field(1, ""))).tag, 17U);
}

TEST(WireEvent, AFieldOfTheFutureIsUnknown) {
    const std::string fired = Field(50, "why");
    EXPECT_EQ(UnknownIn(kHead + Field(23, fired)), (UnknownObservation{23, fired}));
}

TEST(WireEvent, AnOutcomeOfTheFutureIsUnknown) {
    const std::string ended = "\x08\x39" + Field(5, "") + Field(16, "");
    EXPECT_EQ(UnknownIn(kHead + Field(26, ended)), (UnknownObservation{26, ended}));
}

TEST(WireEvent, WhatCannotBeKeptWholeIsAnError) {
    for (const std::string& bytes :
         {std::string(), kHead, kHead + Field(9, "beside the observation") + Field(23, ""),
          kHead + Field(23, "") + Field(99, "two of them"), std::string("\xff\xff\xff")})
        EXPECT_TRUE(std::holds_alternative<wire::WireError>(wire::decode_event(bytes)))
            << Hex(bytes);
}

TEST(WireDecision, HasTheseBytes) {
    const RuleHit hit{RuleId::M07, Machine::member, Verdict::taken, 2, 3, Ordinal{2}, "caught up"};
    const Command command{CommandId{57}, Instant{10}, PromoteMember{{0}, {258}, {6}}};
    EXPECT_EQ(Hex(wire::encode(Decision{{hit}, {command}})),
              "0a1808b302100418012002280330023a09636175676874207570"
              "121208391014da010b1102010000000000001806");
}

TEST(WireDecision, ACommandOfTheFutureIsAnError) {
    const std::string bytes = Field(2, "\x08\x01" + Field(99, ""));
    EXPECT_EQ(std::get<wire::WireError>(wire::decode_decision(bytes)).what,
              "the decision holds something that this release does not know");
}

const std::string kDigest = '\x19' + std::string("12345678");  // field 3, eight bytes

TEST(WireEntry, HasTheseBytes) {
    const wire::JournalEntry entry{"event", "decision", 0x3837363534333231};
    EXPECT_EQ(wire::encode_entry(entry), Field(1, "event") + Field(2, "decision") + kDigest);
    EXPECT_EQ(wire::encode_entry({"event", "", 0}), Field(1, "event"));
    EXPECT_EQ(wire::encode_entry({}), "");
}

TEST(WireEntry, LiesInItsBytes) {
    const std::string bytes = Field(1, std::string(100, 'e')) + Field(2, "d") + kDigest;
    const auto view = std::get<wire::JournalEntryView>(wire::view_entry(bytes));
    EXPECT_EQ(view.event, std::string(100, 'e'));
    EXPECT_EQ(view.event.data(), bytes.data() + 2);
    EXPECT_EQ(view.decision, "d");
    EXPECT_EQ(view.digest, 0x3837363534333231U);
}

TEST(WireEntry, AsNobodyWritesItIsAnError) {
    const std::string first = Field(1, "event");
    const std::string second = Field(2, "decision");
    for (const std::string& bytes : {
             first + second + kDigest + Field(99, "of the future"),
             second + first + kDigest,                // in another order
             first + first + second + kDigest,        // twice
             std::string("\x0a\0", 2),                // empty, and yet there
             std::string("\x19\0\0\0\0\0\0\0\0", 9),  // the same
             std::string("\x0a\x81\0e", 4),           // a length in more bytes than it takes
         })
        EXPECT_EQ(std::get<wire::WireError>(wire::view_entry(bytes)).what,
                  "the journal entry holds something that this release does not know")
            << Hex(bytes);
}

TEST(WireEntry, WhatIsNoneIsAnError) {
    for (const std::string& bytes : {
             std::string("\xff"),
             std::string("\x0a\2e"),                    // cut short
             kDigest.substr(0, 8),                      // the same
             Field(1, "event") + "\x12",                // the same
             std::string("\x0a\x81\x80\x80\x80\020e"),  // a length beyond 32 bits
         })
        EXPECT_EQ(std::get<wire::WireError>(wire::view_entry(bytes)).what,
                  "these bytes are no journal entry")
            << Hex(bytes);
}

TEST(WireState, AFieldOfTheFutureIsAnError) {
    const std::string bytes = wire::encode(test::state()) + Field(99, "later");
    EXPECT_TRUE(std::holds_alternative<wire::WireError>(wire::decode_state(bytes)));
}

TEST(WireState, OfAWholeClusterComesBack) {
    const State state = test::state();
    EXPECT_EQ(std::get<State>(wire::decode_state(wire::encode(state))), state);
}

TEST(WireDigest, IsTheSameOnEveryMachine) {
    EXPECT_EQ(wire::digest(State{}), 14693854422335407226U);
    State state;
    state.seq = EventSeq{7};
    state.facts.record = ClusterRecord{};
    state.facts.record->lineage = Lineage{"a lineage of 22 bytes."};
    state.facts.record->replicas[Ordinal{1}].surviving = LogPosition{{3}, {500}};
    state.in_flight[CommandId{5}] = {{5}, {10}, WakeAt{{9}}};
    EXPECT_EQ(wire::digest(state), 17765729488018473709U);
}

TEST(WireRecord, ReadsAsPeopleExpect) {
    ClusterRecord record = test::record(1);
    record.replicas[Ordinal{0}].reason = "log \"lost\"";
    EXPECT_EQ(wire::to_json(record), R"({
 "revision": "40",
 "lineage": "0c6e",
 "epoch": "2",
 "stage": "formed",
 "token": "0c6e-2",
 "founders": [
  0
 ],
 "cluster_id": "9",
 "replicas": [
  {
   "ordinal": 0,
   "member_id": "100",
   "nonce": "70",
   "nonce_next": "0",
   "high_water": {
    "term": "3",
    "index": "500"
   },
   "high_water_final": false,
   "claim": "holding",
   "reason": "log \"lost\"",
   "initial_cluster": "",
   "seen": "0",
   "etcd_version": {
    "major": 3,
    "minor": 6,
    "patch": 11
   }
  }
 ],
 "fence": "0"
}
)");
}

std::string WhyNot(const std::string& text) {
    std::string why;
    EXPECT_FALSE(wire::from_json(text, why)) << text;
    return why;
}

TEST(WireRecord, ItsFieldsMayBeLeftOut) {
    std::string why;
    const auto record =
        wire::from_json(R"({"stage": "formed", "replicas": [{"claim": "empty"}]})", why);
    ASSERT_TRUE(record) << why;
    EXPECT_EQ(record->stage, RecordStage::formed);
    EXPECT_EQ(record->replicas.find(Ordinal{0})->claim, VolumeClaim::empty);
}

TEST(WireRecord, WhatIsNotUnderstoodIsRefusedWithItsReason) {
    EXPECT_EQ(WhyNot(R"({"stage": "formed", "colour": 1})"), "colour: Cannot find field.");
    EXPECT_EQ(WhyNot(R"({"revision": "1"})"), "stage is missing or not known");
    EXPECT_EQ(WhyNot(R"({"stage": 99})"), "stage is missing or not known");
    EXPECT_EQ(WhyNot(R"({"stage": "formed", "replicas": [{"ordinal": 2}]})"),
              "replica 2: claim is missing or not known");
    EXPECT_EQ(
        WhyNot(R"({"stage": "formed", "replicas": [{"claim": "empty"}, {"claim": "empty"}]})"),
        "replica 0 is there twice");
    EXPECT_NE(WhyNot(R"({"stage": "dreaming"})"), "");
    EXPECT_NE(WhyNot("{"), "");
    EXPECT_NE(WhyNot(""), "");
    EXPECT_NE(WhyNot("[]"), "");
}

TEST(WireRecord, ATextThatIsNotUtf8IsWrittenWithoutIt) {
    ClusterRecord record;
    record.token = "a\xff\xc3\xa4\xed\xa0\x80z";
    std::string why;
    EXPECT_EQ(wire::from_json(wire::to_json(record), why)->token, "a?\xc3\xa4???z");
}

const google::protobuf::FileDescriptor* File() {
    return google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
        "core/wire/quorate.proto");
}

// The core's enum counts from 0, the wire's from 1, in the same order and with the same names.
template <class Enum>
void ExpectTheSameNames(const std::string& message) {
    std::vector<std::string_view> wire;
    const auto* values = File()->FindMessageTypeByName(message)->FindEnumTypeByName("Value");
    ASSERT_EQ(values->value(0)->name(), "unset");
    for (int i = 1; i < values->value_count(); ++i) {
        EXPECT_EQ(values->value(i)->number(), i);
        wire.push_back(values->value(i)->name());
    }
    EXPECT_EQ(test::enumerators<Enum>(), wire)
        << message << ": append to both; a number that is given stays given";
}

TEST(WireEnums, AreThoseOfTheCore) {
    ExpectTheSameNames<ExitClass>("ExitClass");
    ExpectTheSameNames<Refusal>("Refusal");
    ExpectTheSameNames<DiskShape>("DiskShape");
    ExpectTheSameNames<Freshness>("Freshness");
    ExpectTheSameNames<PodManagement>("PodManagement");
    ExpectTheSameNames<RecordStage>("RecordStage");
    ExpectTheSameNames<VolumeClaim>("VolumeClaim");
    ExpectTheSameNames<Machine>("Machine");
    ExpectTheSameNames<Verdict>("Verdict");
    ExpectTheSameNames<ReplicaPhase>("ReplicaPhase");
    ExpectTheSameNames<VolumePhase>("VolumePhase");
    ExpectTheSameNames<ProcessPhase>("ProcessPhase");
    ExpectTheSameNames<MemberPhase>("MemberPhase");
    ExpectTheSameNames<ClusterPhase>("ClusterPhase");
    ExpectTheSameNames<RepairPhase>("RepairPhase");
    ExpectTheSameNames<AuthorityPhase>("AuthorityPhase");
    ExpectTheSameNames<AlarmPhase>("AlarmPhase");
    ExpectTheSameNames<SpacePhase>("SpacePhase");
    ExpectTheSameNames<HashVerdict>("HashVerdict");
}

std::string Tags() {
    std::ostringstream text;
    for (int i = 0; i < File()->message_type_count(); ++i) {
        const auto* message = File()->message_type(i);
        text << message->name() << "\n";
        for (int j = 0; j < message->enum_type_count(); ++j)
            for (int k = 0; k < message->enum_type(j)->value_count(); ++k)
                text << "  " << message->enum_type(j)->value(k)->number() << " "
                     << message->enum_type(j)->value(k)->name() << "\n";
        for (int j = 0; j < message->field_count(); ++j) {
            const auto* field = message->field(j);
            text << "  " << field->number() << " " << field->name() << " "
                 << (field->is_repeated() ? "repeated " : "")
                 << (field->message_type() != nullptr ? field->message_type()->name()
                     : field->enum_type() != nullptr ? field->enum_type()->containing_type()->name()
                                                     : std::string(field->type_name()))
                 << (field->real_containing_oneof() != nullptr
                         ? " of " + field->real_containing_oneof()->name()
                         : "")
                 << "\n";
        }
    }
    return text.str();
}

// A line may be added; one that is there never changes and never goes (`reserved`). Run with
// QUORATE_REWRITE=1 after an addition.
TEST(WireTags, AreThoseOfEveryRelease) {
    const char* folder = std::getenv("QUORATE_GOLDEN");
    if (folder == nullptr) GTEST_SKIP() << "QUORATE_GOLDEN is not set";
    const std::string path = std::string(folder) + "/wire_tags.txt";
    if (std::getenv("QUORATE_REWRITE") != nullptr) std::ofstream(path) << Tags();
    std::stringstream golden;
    golden << std::ifstream(path).rdbuf();
    EXPECT_EQ(Tags(), golden.str());
}

}  // namespace
}  // namespace quorate
