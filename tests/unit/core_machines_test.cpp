// Every row of every machine, and every pair of phase and signal that has no row. The tables are
// read through all_tables(), so that a new row is a new case here and a missing expectation fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/explain.hpp"
#include "core/machines/alarm.hpp"
#include "core/machines/authority.hpp"
#include "core/machines/cluster.hpp"
#include "core/machines/member.hpp"
#include "core/machines/process.hpp"
#include "core/machines/repair.hpp"
#include "core/machines/replica.hpp"
#include "core/machines/space.hpp"
#include "core/machines/volume.hpp"
#include "core/rules/intent.hpp"
#include "core/rules/looking.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

// Every fact that any effect reads is there, and every guard holds.
State rich() {
    State state = test::state();
    Facts& facts = state.facts;
    facts.disk = test::disk();
    facts.record->rebuild = Rebuild{Ordinal{0}, facts.disk->last, LogIndex{20'000}, "token"};
    facts.content = ContentCompared{Revision{490}, {}};
    facts.record_there = RecordRevision{12};
    state.repair.ordinal = Ordinal{2};
    state.repair.member_id = test::member_id(2);
    return state;
}

// The same with every guard saying no.
State poor() {
    State state = rich();
    state.facts.list_current = false;
    state.facts.probes.clear();
    return state;
}

// What a turn gave, of whichever machine.
struct Given {
    std::string to;
    Verdict verdict = Verdict::no_row;
    std::optional<RuleId> rule;
    std::vector<CommandBody> commands;
    bool data = false;
};

template <class T>
Given given(Machine machine, const T& turn) {
    return {phase_name(machine, static_cast<std::uint8_t>(turn.phase)), turn.verdict, turn.rule,
            turn.effects.commands, turn.effects.data.has_value()};
}

struct ReplicaHand {
    using Signal = ReplicaSignal;
    static constexpr Machine machine = Machine::replica;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.replica.phase = static_cast<ReplicaPhase>(phase);
        return given(machine, turn_replica(state, signal));
    }
};
struct VolumeHand {
    using Signal = VolumeSignal;
    static constexpr Machine machine = Machine::volume;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.volume.phase = static_cast<VolumePhase>(phase);
        return given(machine, turn_volume(state, signal));
    }
};
struct ProcessHand {
    using Signal = ProcessSignal;
    static constexpr Machine machine = Machine::process;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.process.phase = static_cast<ProcessPhase>(phase);
        return given(machine, turn_process(state, signal));
    }
};
struct MemberHand {
    using Signal = MemberSignal;
    static constexpr Machine machine = Machine::member;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.members[test::member_id(1)].phase = static_cast<MemberPhase>(phase);
        return given(machine, turn_member(state, test::member_id(1), signal));
    }
};
struct ClusterHand {
    using Signal = ClusterSignal;
    static constexpr Machine machine = Machine::cluster;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.cluster.phase = static_cast<ClusterPhase>(phase);
        return given(machine, turn_cluster(state, signal));
    }
};
struct RepairHand {
    using Signal = RepairSignal;
    static constexpr Machine machine = Machine::repair;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.repair.phase = static_cast<RepairPhase>(phase);
        return given(machine, turn_repair(state, signal));
    }
};
struct AuthorityHand {
    using Signal = AuthoritySignal;
    static constexpr Machine machine = Machine::authority;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.authority.phase = static_cast<AuthorityPhase>(phase);
        return given(machine, turn_authority(state, signal));
    }
};
struct AlarmHand {
    using Signal = AlarmSignal;
    static constexpr Machine machine = Machine::alarm;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.alarm.phase = static_cast<AlarmPhase>(phase);
        return given(machine, turn_alarm(state, signal));
    }
};

struct SpaceHand {
    using Signal = SpaceSignal;
    static constexpr Machine machine = Machine::space;
    static Given fire(State state, std::uint8_t phase, const Signal& signal) {
        state.space.phase = static_cast<SpacePhase>(phase);
        return given(machine, turn_space(state, signal));
    }
};

const std::vector<RowText>& rows_of(Machine machine) {
    static const std::vector<MachineTable> tables = all_tables();
    return std::find_if(tables.begin(), tables.end(),
                        [&](const MachineTable& table) { return table.machine == machine; })
        ->rows;
}

std::vector<std::string> phases_of(Machine machine) {
    std::vector<std::string> phases;
    for (std::uint8_t phase = 0; phase_name(machine, phase) != std::string("?"); ++phase)
        phases.emplace_back(phase_name(machine, phase));
    return phases;
}

const RowText* row_at(Machine machine, const std::string& from, const std::string& signal) {
    for (const RowText& row : rows_of(machine))
        if (row.from == from && row.signal == signal) return &row;
    return nullptr;
}

// Calls `visit(phase number, phase name, signal, signal name)` for every cell of the grid.
template <class Hand, class Visit, std::size_t... Index>
void each_signal(std::uint8_t phase, const std::string& from, Visit visit,
                 std::index_sequence<Index...>) {
    (visit(phase, from, typename Hand::Signal{std::in_place_index<Index>},
           type_word<std::variant_alternative_t<Index, typename Hand::Signal>>()),
     ...);
}
template <class Hand, class Visit>
void each_cell(Visit visit) {
    const auto phases = phases_of(Hand::machine);
    for (std::size_t phase = 0; phase < phases.size(); ++phase)
        each_signal<Hand>(static_cast<std::uint8_t>(phase), phases[phase], visit,
                          std::make_index_sequence<std::variant_size_v<typename Hand::Signal>>{});
}

std::string text_of(const std::optional<RuleId>& rule) { return rule ? rule_name(*rule) : "none"; }

template <class Hand>
class Machines : public testing::Test {};
using Hands = testing::Types<ReplicaHand, VolumeHand, ProcessHand, MemberHand, ClusterHand,
                             RepairHand, AuthorityHand, AlarmHand, SpaceHand>;
struct HandName {
    template <class Hand>
    static std::string GetName(int) {
        return machine_name(Hand::machine);
    }
};
TYPED_TEST_SUITE(Machines, Hands, HandName);

TYPED_TEST(Machines, EachRowFiresAndEachOtherPairHasNoRow) {
    std::size_t fired = 0;
    each_cell<TypeParam>([&](std::uint8_t phase, const std::string& from, const auto& signal,
                             const std::string& name) {
        const Given given = TypeParam::fire(rich(), phase, signal);
        const RowText* row = row_at(TypeParam::machine, from, name);
        const std::string cell = from + " x " + name;
        if (row == nullptr) {
            EXPECT_EQ(Verdict::no_row, given.verdict) << cell;
            EXPECT_EQ(from, given.to) << cell;
            EXPECT_TRUE(given.commands.empty()) << cell;
            return;
        }
        ++fired;
        EXPECT_EQ(Verdict::taken, given.verdict) << cell;
        EXPECT_EQ(row->to, given.to) << cell;
        EXPECT_EQ(rule_name(row->id), text_of(given.rule)) << cell;
    });
    EXPECT_EQ(rows_of(TypeParam::machine).size(), fired)
        << "two rows share a pair, or a phase "
           "or signal of a row is not the machine's";
}

TYPED_TEST(Machines, AGuardThatRefusesLeavesEverythingAsItWas) {
    each_cell<TypeParam>([&](std::uint8_t phase, const std::string& from, const auto& signal,
                             const std::string& name) {
        const RowText* row = row_at(TypeParam::machine, from, name);
        if (row == nullptr || row->guard == "always") return;
        const Given given = TypeParam::fire(poor(), phase, signal);
        EXPECT_EQ(Verdict::refused, given.verdict)
            << rule_name(row->id) << " only if " << row->guard;
        EXPECT_EQ(from, given.to);
        EXPECT_EQ(rule_name(row->id), text_of(given.rule)) << "a refusal names its rule";
        EXPECT_TRUE(given.commands.empty());
        EXPECT_FALSE(given.data);
    });
}

// What each row asks of the world. A row that asks for nothing is not listed.
struct Asks {
    RuleId rule;
    const char* command;
};
using enum RuleId;
// clang-format off
constexpr Asks asks[] = {
    {R01, "ExamineDisk"},  {R02, "WriteRecord"},   {R03, "WriteRecord"},  {R04, "WriteRecord"},
    {R09, "WriteRecord"},  {R11, "SetAsideData"},  {R12, "SetAsideData"}, {R14, "WriteRecord"},
    {R15, "WriteRecord"},  {R19, "RebuildEtcd"},   {R20, "RebuildEtcd"},  {R21, "WriteRecord"},
    {R23, "WriteRecord"}, {R27, "WriteRecord"}, {R28, "WriteRecord"}, {R29, "WriteRecord"},  {R24, "ExitAgent"},
    {V01, "WriteRecord"},  {V02, "WriteRecord"},   {V03, "StampVolume"},  {V04, "StampVolume"},
    {V05, "WriteRecord"},  {V06, "WriteRecord"},
    {P01, "StartEtcd"},    {P05, "StartEtcd"},     {P06, "StopEtcd"},     {P07, "StopEtcd"},
    {P09, "StopEtcd"},
    {C18, "WriteRecord"},  {C21, "WriteRecord"},   {C22, "WriteRecord"},
    {H02, "MoveLeader"},   {H03, "RemoveMember"},  {H04, "RemoveMember"}, {H05, "RemoveMember"},
    {H06, "WriteRecord"},  {H07, "WriteRecord"},   {H10, "AddLearner"},   {H11, "WriteRecord"},
    {H13, "WriteRecord"},  {H15, "CompareContent"},{H16, "PromoteMember"},{H17, "RemoveMember"}, {H27, "RemoveMember"},
    {H18, "CompareContent"},{H22, "WriteRecord"},  {H23, "WriteRecord"},  {H28, "WriteRecord"},
    {A01, "AcquireAuthority"}, {A04, "ReleaseAuthority"},
    {K03, "DisarmCorrupt"},
    {B02, "Compact"},      {B03, "Compact"},       {B05, "Defragment"},
    {B06, "DisarmNospace"}, {B09, "DisarmNospace"},
};
// clang-format on

TYPED_TEST(Machines, EachRowAsksOnlyForWhatItsNameSays) {
    each_cell<TypeParam>([&](std::uint8_t phase, const std::string& from, const auto& signal,
                             const std::string& name) {
        const RowText* row = row_at(TypeParam::machine, from, name);
        if (row == nullptr) return;
        std::string expected;
        for (const Asks& one : asks)
            if (one.rule == row->id) expected = one.command;
        std::string asked;
        for (const CommandBody& body : TypeParam::fire(rich(), phase, signal).commands)
            asked += name_of(body);
        EXPECT_EQ(expected, asked) << rule_name(row->id);
    });
}

TEST(Rules, EachHasItsOwnIdAndAReason) {
    std::set<RuleId> seen;
    for (const MachineTable& table : all_tables())
        for (const RowText& row : table.rows) {
            EXPECT_TRUE(seen.insert(row.id).second) << rule_name(row.id) << " names two rows";
            EXPECT_STRNE("not a rule of the planner", because_of(row.id)) << rule_name(row.id);
        }
}

TEST(Rules, APairWithoutARowIsExplainedAsParked) {
    RuleHit hit;
    hit.verdict = Verdict::no_row;
    hit.subject = Ordinal{1};
    EXPECT_EQ("replica 1: no rule for this; nothing more is decided", explain(hit));
}

TEST(Rules, ARefusalIsExplainedWithItsRule) {
    RuleHit hit{H03, Machine::repair, Verdict::refused, 1, 1, Ordinal{2}, ""};
    EXPECT_EQ("replica 2: refused: removes the member; quorum stays (H03)", explain(hit));
}

TEST(Rules, AMoveIsExplainedWithItsPhases) {
    RuleHit hit{R12, Machine::replica, Verdict::taken, 0, 4, Ordinal{1}, "rolled-back"};
    EXPECT_EQ(
        "replica 1: the volume is not the continuation of its identity: sets the data aside: "
        "rolled-back (R12 examining -> setting_aside)",
        explain(hit));
}

// Effects, where the command's content is the point.

template <class Body>
Body only(const std::vector<CommandBody>& commands) {
    EXPECT_EQ(1U, commands.size());
    return std::get<Body>(commands.front());
}

State with(RepairPhase phase) {
    State state = rich();
    state.repair.phase = phase;
    return state;
}

TEST(Process, AFounderStartsWithAllFoundersAndAJoinerAsItWasTold) {
    State state = rich();
    state.process.phase = ProcessPhase::stopped;
    const auto founding = only<StartEtcd>(turn_process(state, signal::wanted{}).effects.commands);
    EXPECT_TRUE(founding.founding);
    EXPECT_EQ("quorate-0", founding.name);
    EXPECT_EQ("0c6e-2", founding.token);
    EXPECT_EQ(
        "quorate-0=https://quorate-0:2380,quorate-1=https://quorate-1:2380,"
        "quorate-2=https://quorate-2:2380",
        founding.initial_cluster);
    state.facts.record->replicas[Ordinal{0}].initial_cluster = "as=told";
    const auto joining = only<StartEtcd>(turn_process(state, signal::wanted{}).effects.commands);
    EXPECT_FALSE(joining.founding);
    EXPECT_EQ("as=told", joining.initial_cluster);
}

TEST(Process, WaitsLongerAfterEachExitUntilItServes) {
    State state = rich();
    state.process.phase = ProcessPhase::starting;
    state.process.failures = 2;
    const auto turn = turn_process(state, signal::exited{});
    EXPECT_EQ(3U, turn.effects.data->failures);
    EXPECT_EQ(test::now + milliseconds(800), turn.effects.data->retry_at);
    EXPECT_EQ(0U, turn_process(state, signal::ready{}).effects.data->failures);
}

TEST(Volume, EachStartDrawsItsOwnNonce) {
    State state = rich();
    state.volume.phase = VolumePhase::open;
    const auto first = turn_volume(state, signal::wanted{});
    state.volume.nonces = first.effects.data->nonces;
    const auto second = turn_volume(state, signal::wanted{});
    EXPECT_NE(first.effects.data->nonce, second.effects.data->nonce);
    state.facts.entropy = 78;
    EXPECT_NE(second.effects.data->nonce, turn_volume(state, signal::wanted{}).effects.data->nonce)
        << "two lives never announce the same one";
    EXPECT_NE(Nonce{}, first.effects.data->nonce);
}

TEST(Volume, IsStampedWithWhatWasAnnounced) {
    State state = rich();
    state.volume.phase = VolumePhase::announcing;
    const auto stamp = only<StampVolume>(turn_volume(state, signal::announced{}).effects.commands);
    EXPECT_EQ(state.volume.nonce, stamp.identity.nonce);
    EXPECT_EQ(Epoch{2}, stamp.identity.epoch);
    EXPECT_EQ(Lineage{"0c6e"}, stamp.identity.lineage);
    EXPECT_TRUE(stamp.identity.data_seen);
    EXPECT_EQ(std::nullopt, stamp.identity.record) << "as the releases did that left no copy";
    state.facts.settings.policy.record_copies = true;
    EXPECT_EQ(state.facts.record,
              only<StampVolume>(turn_volume(state, signal::announced{}).effects.commands)
                  .identity.record);
    EXPECT_EQ(state.facts.disk->last, stamp.identity.high_water);
}

TEST(Repair, ARemovalIsRefusedWhenTooFewOthersServe) {
    State state = with(RepairPhase::fencing);
    state.members[test::member_id(1)].phase = MemberPhase::suspect;
    const auto turn = turn_repair(state, signal::leads_not{});
    EXPECT_EQ(Verdict::refused, turn.verdict);
    EXPECT_EQ(RuleId::H03, turn.rule);
}

TEST(Repair, ARemovalOfASilentVoterIsAllowedWhileTheOthersServe) {
    State state = with(RepairPhase::fencing);
    state.members[test::member_id(2)].phase = MemberPhase::failed;
    const auto turn = turn_repair(state, signal::leads_not{});
    const auto remove = only<RemoveMember>(turn.effects.commands);
    EXPECT_EQ(test::member_id(2), remove.member_id);
    EXPECT_EQ(Fence{6}, remove.fence);
    EXPECT_EQ(Ordinal{0}, remove.via) << "through the leader";
}

TEST(Repair, ALearnerIsRemovedWhateverTheVotersDo) {
    State state = with(RepairPhase::fencing);
    state.facts.list->members[2].learner = true;
    state.members[test::member_id(1)].phase = MemberPhase::suspect;
    EXPECT_EQ(Verdict::taken, turn_repair(state, signal::leads_not{}).verdict);
}

TEST(Repair, ALearnerIsNotPromotedWhenAnotherMemberAnswersInItsPlace) {
    State state = with(RepairPhase::catching_up);
    state.facts.probes[Ordinal{2}].status.member_id = MemberId{999};
    const auto turn = turn_repair(state, signal::content_equal{});
    EXPECT_EQ(Verdict::refused, turn.verdict);
    EXPECT_EQ(RuleId::H16, turn.rule);
}

TEST(Repair, ProgressIsARevisionThatMoves) {
    State state = with(RepairPhase::catching_up);
    state.repair.goal = Revision{490};
    state.repair.reached = Revision{400};
    ContentHash mine{test::member_id(2), true, Revision{401}, Revision{-1}, 1};
    state.facts.content->hashes[Ordinal{2}] = mine;
    const auto moved = turn_repair(state, signal::content_behind{});
    EXPECT_EQ(Revision{401}, moved.effects.data->reached);
    EXPECT_EQ(test::now, moved.effects.data->progress);
    state.repair.reached = Revision{401};
    EXPECT_EQ(Instant{}, turn_repair(state, signal::content_behind{}).effects.data->progress);
}

// It takes every write of a leader that answers nobody, and can never be compared with it.
TEST(Repair, ALearnerForWhichNoLeaderTellsAGoalMakesNoProgress) {
    State state = with(RepairPhase::catching_up);
    state.repair.goal = Revision{};
    state.repair.reached = Revision{400};
    ContentHash mine{test::member_id(2), true, Revision{401}, Revision{-1}, 1};
    state.facts.content->hashes[Ordinal{2}] = mine;
    EXPECT_EQ(Instant{}, turn_repair(state, signal::content_behind{}).effects.data->progress);
}

TEST(Repair, ALearnerThatIsWhereItWasToGoMakesNoMoreProgress) {
    State state = test::state();
    state.repair.phase = RepairPhase::catching_up;
    state.repair.ordinal = Ordinal{2};
    state.repair.goal = Revision{490};
    state.repair.reached = Revision{490};
    ContentCompared compared{Revision{600}, {}};
    compared.hashes[Ordinal{2}] = {test::member_id(2), true, Revision{600}, Revision{-1}, 42};
    state.facts.content = compared;
    state.facts.content_at = test::now;
    EXPECT_EQ(Instant{}, turn_repair(state, signal::content_behind{}).effects.data->progress);
    state.repair.reached = Revision{489};
    EXPECT_EQ(test::now, turn_repair(state, signal::content_behind{}).effects.data->progress);
}

TEST(Cluster, ParksWithAReasonAndANextStep) {
    State state = rich();
    state.cluster.phase = ClusterPhase::quorum_lost;
    const auto turn = turn_cluster(state, signal::survivors_waited{"why", "next"});
    EXPECT_EQ("why", turn.effects.data->reason);
    EXPECT_EQ("next", turn.effects.data->next_step);
    state.cluster = *turn.effects.data;
    state.cluster.phase = ClusterPhase::parked;
    EXPECT_EQ("", turn_cluster(state, signal::quorum_back{}).effects.data->reason);
}

TEST(Replica, TheReasonForSettingAsideIsTheReasonForAdmission) {
    State state = rich();
    state.replica.phase = ReplicaPhase::examining;
    const auto aside = turn_replica(state, signal::not_continuation{"rolled-back"});
    EXPECT_EQ("rolled-back", only<SetAsideData>(aside.effects.commands).reason);
    state.replica = *aside.effects.data;
    state.replica.phase = ReplicaPhase::setting_aside;
    const auto look = turn_replica(state, signal::look_again{});
    EXPECT_EQ("rolled-back", look.effects.data->reason);
}

// Looking.

std::vector<RuleId> looks(const State& state) {
    std::vector<RuleId> rules;
    for (const Look& look : wanted_looks(state))
        rules.push_back(look.rule);
    return rules;
}
State content_with_what_it_knows() {
    State state = test::state();
    state.probed = {Ordinal{0}, Ordinal{1}, Ordinal{2}};
    return state;
}
using Wanted = std::vector<RuleId>;

TEST(Look, NothingWhenEverythingIsKnown) {
    EXPECT_EQ(Wanted{}, looks(content_with_what_it_knows()));
}
TEST(Look, L01AListOnlyUnderAuthority) {
    State state = content_with_what_it_knows();
    state.facts.list_current = false;
    EXPECT_EQ(Wanted{L01}, looks(state));
    state.authority.phase = AuthorityPhase::acquiring;
    EXPECT_EQ(Wanted{}, looks(state));
}
TEST(Look, L01AListThatWasRefusedIsAskedForAtThePaceOfRetries) {
    State state = content_with_what_it_knows();
    state.facts.list_current = false;
    state.facts.list_at = state.facts.list_refused_at = state.now;
    EXPECT_EQ(Wanted{}, looks(state));
    EXPECT_LE(next_wake(state), state.now + state.facts.settings.policy.retry_period);
    state.now = state.facts.list_at + state.facts.settings.policy.retry_period;
    EXPECT_EQ(Wanted{L01}, looks(state));
}
TEST(Look, L01AListOfAnotherClusterIsNotReadInALoop) {
    State state = content_with_what_it_knows();
    state.facts.list->cluster_id = ClusterId{8};
    EXPECT_EQ(Wanted{}, looks(state));
    state.now = state.facts.list_at + state.facts.settings.policy.retry_period;
    EXPECT_EQ(Wanted{L01}, looks(state));
}
TEST(Look, L02HashesAtOnceWhenTheContentIsInDoubt) {
    State state = content_with_what_it_knows();
    state.alarm.phase = AlarmPhase::raised;
    state.alarm.since = state.now;
    EXPECT_EQ(Wanted{L02}, looks(state));
    state.facts.hashes_at = state.now = test::now + seconds(1);
    EXPECT_EQ(Wanted{}, looks(state));
    state.now = state.facts.hashes_at + state.facts.settings.policy.stability_window;
    EXPECT_EQ(Wanted{L02}, looks(state));
}
TEST(Look, L02HashesOncePerPeriodBesideTheLeader) {
    State state = content_with_what_it_knows();
    state.now = state.facts.hashes_at + state.facts.settings.policy.hash_check_period;
    EXPECT_EQ(Wanted{L02}, looks(state));
    state.facts.settings.self = Ordinal{1};
    EXPECT_EQ(Wanted{}, looks(state)) << "one of three asks";
}
// What is compared with a learner in hand is found of that one alone: its answer would settle
// nothing of the voters, and it would be asked for again at once (swarm 3399).
TEST(Look, L02NotOfTheOneThatIsLetInAlsoOncePromoted) {
    State state = content_with_what_it_knows();
    state.now = state.facts.hashes_at + state.facts.settings.policy.hash_check_period;
    state.repair.phase = RepairPhase::catching_up;
    state.repair.ordinal = Ordinal{2};
    state.repair.progress = state.now;
    const auto wanted = wanted_looks(state);
    const auto compares = std::find_if(wanted.begin(), wanted.end(),
                                       [](const Look& look) { return look.rule == RuleId::L02; });
    ASSERT_NE(compares, wanted.end());
    EXPECT_EQ(std::get<CompareContent>(compares->command).replicas,
              (std::vector<Ordinal>{Ordinal{0}, Ordinal{1}}));
}
TEST(Look, L03HowFarTheVolumeReachesWhenQuorumIsLost) {
    State state = content_with_what_it_knows();
    state.cluster.phase = ClusterPhase::quorum_lost;
    EXPECT_EQ(Wanted{L03}, looks(state));
    state.facts.disk = test::disk();
    EXPECT_EQ(Wanted{}, looks(state));
}
TEST(Look, L04WhomToProbeWhenThatChanged) {
    State state = content_with_what_it_knows();
    state.facts.desired->replicas = 4;
    EXPECT_EQ(Wanted{L04}, looks(state));
}

TEST(Look, L04AVoterIsProbedAsLongAsItIsListed) {
    State state = content_with_what_it_knows();
    state.facts.desired->replicas = 2;
    state.facts.record->replicas.erase(Ordinal{2});
    EXPECT_EQ(Wanted{}, looks(state)) << "its vote still counts";
    state.facts.list = test::list_of(2);
    EXPECT_EQ(Wanted{L04}, looks(state));
}

}  // namespace
}  // namespace quorate
